/** The chat's words in European Portuguese. Only what is not as in pt-BR.js. */

export default {
  // frame: the whole, and what is said about its state
  'frame.loading': 'A carregar…',
  'frame.offline': 'Está offline. A conversa continua quando a ligação voltar.',
  'frame.reconnecting': 'Ligação perdida. A restabelecer a ligação…',
  'frame.sorry': 'O chat não está acessível neste momento. Tente novamente.',
  'frame.retry': 'Tentar novamente',
  'frame.dismiss': 'Ignorar',

  // header
  'header.newChat': 'Nova conversa',
  'header.untitled': 'Nova conversa',

  // history
  'history.empty': 'Ainda não há conversas',
  'history.rename': 'Mudar o nome',
  'history.save': 'Guardar',
  'history.delete': 'Eliminar',
  'history.deleteTitle': 'Eliminar esta conversa?',
  'history.deleteText': '“{title}” será eliminada definitivamente.',
  'history.deleted': 'Conversa eliminada',
  'history.exportFailed': 'Não foi possível exportar a conversa. Tente novamente.',

  // thread: messages and what is done with them
  'thread.you': 'Eu',
  'thread.stopped': 'Parou esta resposta.',
  'thread.restarting': 'O servidor está a reiniciar. A resposta será pedida novamente assim que ele voltar.',
  'thread.unsent': 'Parou-a antes de ser enviada.',
  'thread.inPlaceOf': '{name} respondeu em vez de {other}',
  'thread.bad': 'Má resposta',
  'thread.thanks': 'Obrigado pela sua opinião',
  'thread.unrated': 'A sua opinião foi retirada',
  'thread.retry': 'Responder novamente',
  'thread.toolRunning': 'A executar {name}…',
  'thread.busy': 'Está a ser escrita uma resposta. Pare-a ou espere até ao fim.',
  'thread.broken': 'A ligação caiu antes de a resposta estar completa.',
  'thread.error': 'Algo correu mal.',
  'thread.errorRetry': 'Tentar novamente',
  'thread.gone': 'Essa conversa já não está aqui.',

  // composer
  'composer.placeholder': 'Escreva à IA',
  'composer.hint': 'Até 100\u00a0000 carateres. Enter envia; Shift e Enter começa uma nova linha.',
  'composer.hintLimit': 'Até {limit} carateres. Enter envia; Shift e Enter começa uma nova linha.',
  'composer.stop': 'Parar a resposta',
  'composer.waitingSend': 'Será enviada quando os ficheiros estiverem carregados. Prima para não esperar mais.',
  'composer.waiting': 'A mensagem será enviada quando os seus ficheiros estiverem carregados.',
  'composer.waitingOnline': 'Será enviada assim que a rede voltar. Prima para não esperar mais.',
  'composer.busy': 'Está a ser escrita uma resposta. Pare-a ou espere até ao fim.',
  'composer.offline': 'Está offline, por isso não é possível enviar agora. A sua mensagem fica aqui.',
  'composer.offlineWaiting': 'Está offline. A mensagem será enviada assim que a rede voltar.',
  'composer.notSent': 'Não foi possível enviar a sua mensagem.',
  'composer.tooLong': 'A mensagem é demasiado longa. Pode ter {limit} carateres.',
  'composer.dismiss': 'Ignorar',
  'composer.searching': 'A procurar…',
  'composer.searchFailed': 'A pesquisa não funcionou. Tente novamente.',
  'composer.commandFailed': 'Não funcionou. Tente novamente.',
  'composer.attach': 'Anexar ficheiros',

  // attachments
  'attachments.label': 'Ficheiros anexados',
  'attachments.drop': 'Largue ficheiros para os anexar',
  'attachments.progress': 'Carregamento de {name}',
  'attachments.retry': 'Carregar {name} novamente',
  'attachments.failed': 'Não foi possível carregar {name}.',
  'attachments.notUploaded': 'Não carregado',
  'attachments.refused.type': '{name} não foi anexado: ficheiros deste tipo não são aceites.',
  'attachments.refused.size': '{name} não foi anexado: é maior do que {limit}.',
  'attachments.refused.count.one': 'Só é possível anexar {count} ficheiro a uma mensagem.',
  'attachments.refused.count.many': 'Só é possível anexar {count} ficheiros a uma mensagem.',
  'attachments.refused.count.other': 'Só é possível anexar {count} ficheiros a uma mensagem.',
  'attachments.refused.more.one': 'Mais {count} ficheiro não foi anexado.',
  'attachments.refused.more.many': 'Mais {count} ficheiros não foram anexados.',
  'attachments.refused.more.other': 'Mais {count} ficheiros não foram anexados.',

  // dictation
  'dictation.asking': 'À espera do microfone…',
  'dictation.listening': 'A ouvir',
  'dictation.writing': 'A transcrever…',
  'dictation.nothing': 'Não se ouviu nada.',
  'dictation.denied': 'O microfone não pode ser usado aqui. Permita-o para esta página nas definições do navegador.',
  'dictation.tooLong': 'A gravação é demasiado longa. Experimente uma mais curta.',
  'dictation.failed': 'Não foi possível converter a gravação em texto. Tente novamente.',

  // structured input: questions that the assistant asks
  'questions.many': 'Escolha todas as que se aplicam',
  'questions.otherHint': 'Escreva a sua própria resposta',
  'questions.hint': 'Escreva a sua resposta',
  'questions.skip': 'Ignorar',
  'questions.submit': 'Submeter',
  'questions.none': 'Responda a pelo menos uma pergunta ou ignore-as.',
  'questions.failed': 'Não foi possível enviar as suas respostas. Tente novamente.',
  'questions.answered': 'As suas respostas',
  'questions.skipped': 'Ignorada',

  // widgets
  'widgets.nextMonth': 'Mês seguinte',
  'widgets.neededTick': 'Assinale esta caixa para continuar.',
  'widgets.badEmail': 'Introduza um endereço de e-mail.',
  'widgets.badUrl': 'Introduza um endereço web completo.',
  'widgets.badNumber': 'Introduza um número.',
  'widgets.chartHelp': 'Use as teclas de seta para ler os valores.',

  // workflows and tasks: what the assistant does on the way to an answer
  'workflow.thinking': 'A pensar…',
  'workflow.working': 'Em curso…',
  'workflow.done': 'Passos',
  'workflow.thoughtFor.one': 'Pensou durante {count} segundo',
  'workflow.thoughtFor.many': 'Pensou durante {count} segundos',
  'workflow.thoughtFor.other': 'Pensou durante {count} segundos',
  'workflow.thoughtMinutes.one': 'Pensou durante {count} minuto',
  'workflow.thoughtMinutes.many': 'Pensou durante {count} minutos',
  'workflow.thoughtMinutes.other': 'Pensou durante {count} minutos',
  'workflow.workedFor.one': 'Trabalhou durante {count} segundo',
  'workflow.workedFor.many': 'Trabalhou durante {count} segundos',
  'workflow.workedFor.other': 'Trabalhou durante {count} segundos',
  'workflow.workedMinutes.one': 'Trabalhou durante {count} minuto',
  'workflow.workedMinutes.many': 'Trabalhou durante {count} minutos',
  'workflow.workedMinutes.other': 'Trabalhou durante {count} minutos',
  'task.step': 'Passo',
  'task.search': 'Pesquisa na web',
  'task.files': 'Ficheiros',
  'task.loading': 'Em curso',

  // generated images
  'image.making': 'A criar uma imagem…',
  'image.open': 'Abrir num novo separador',
  'image.download': 'Transferir',

  // sources of an answer
};
