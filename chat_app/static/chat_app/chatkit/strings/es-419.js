/** The chat's words in Latin American Spanish. Only what is not as in es-ES.js. */

export default {
  // frame: the whole, and what is said about its state
  'frame.failed': 'No se pudo iniciar el chat.',

  // header
  'header.newChat': 'Nuevo chat',
  'header.untitled': 'Nuevo chat',

  // history
  'history.failed': 'No se pudieron cargar las conversaciones.',
  'history.deleteText': '“{title}” se eliminará para siempre.',
  'history.found.one': 'Se encontró {count} conversación',
  'history.found.many': 'Se encontraron {count} conversaciones',
  'history.found.other': 'Se encontraron {count} conversaciones',
  'history.exportFailed': 'No se pudo exportar la conversación. Inténtalo de nuevo.',

  // thread: messages and what is done with them
  'thread.stopped': 'Detuviste esta respuesta.',
  'thread.interrupted': 'El servidor se detuvo antes de que la respuesta estuviera completa.',
  'thread.unsent': 'Lo detuviste antes de que se enviara.',
  'thread.inPlaceOf': '{name} respondió en lugar de {other}',
  'thread.unrated': 'Se retiró tu opinión',
  'thread.copyFailed': 'No se pudo copiar',
  'thread.broken': 'La conexión se cortó antes de que la respuesta estuviera completa.',
  'thread.error': 'Algo salió mal.',

  // composer
  'composer.hint': 'Hasta 100,000 caracteres. Enter envía; Mayús y Enter empieza una línea nueva.',
  'composer.hintLimit': 'Hasta {limit} caracteres. Enter envía; Mayús y Enter empieza una línea nueva.',
  'composer.waitingSend': 'Se enviará cuando terminen de subirse los archivos. Presiona para dejar de esperar.',
  'composer.waiting': 'El mensaje se enviará cuando terminen de subirse sus archivos.',
  'composer.waitingOnline': 'Se enviará en cuanto vuelva la red. Presiona para dejar de esperar.',
  'composer.notWaiting': 'El mensaje aún no se envió.',
  'composer.notSent': 'No se pudo enviar tu mensaje.',
  'composer.noMatches': 'No se encontró nada',
  'composer.searchFailed': 'La búsqueda no funcionó. Inténtalo de nuevo.',
  'composer.commandFailed': 'No funcionó. Inténtalo de nuevo.',

  // attachments
  'attachments.drop': 'Suelta los archivos para adjuntarlos',
  'attachments.retry': 'Subir de nuevo {name}',
  'attachments.removed': 'Se quitó {name}.',
  'attachments.failed': 'No se pudo subir {name}.',
  'attachments.refused.type': 'No se adjuntó {name}: no se aceptan archivos de este tipo.',
  'attachments.refused.size': 'No se adjuntó {name}: pesa más de {limit}.',
  'attachments.refused.more.one': 'No se adjuntó {count} archivo más.',
  'attachments.refused.more.many': 'No se adjuntaron {count} archivos más.',
  'attachments.refused.more.other': 'No se adjuntaron {count} archivos más.',

  // dictation
  'dictation.nothing': 'No se escuchó nada.',
  'dictation.denied': 'Aquí no se puede usar el micrófono. Permítelo para esta página en la configuración del navegador.',
  'dictation.noMicrophone': 'No se pudo usar ningún micrófono.',
  'dictation.failed': 'No se pudo convertir la grabación en texto. Inténtalo de nuevo.',

  // structured input: questions that the assistant asks
  'questions.many': 'Elige todas las que apliquen',
  'questions.failed': 'No se pudieron enviar tus respuestas. Inténtalo de nuevo.',

  // widgets
  'widgets.needed': 'Completa este campo.',

  // workflows and tasks: what the assistant does on the way to an answer
  'workflow.thoughtFor.one': 'Pensó {count} segundo',
  'workflow.thoughtFor.many': 'Pensó {count} segundos',
  'workflow.thoughtFor.other': 'Pensó {count} segundos',
  'workflow.thoughtMinutes.one': 'Pensó {count} minuto',
  'workflow.thoughtMinutes.many': 'Pensó {count} minutos',
  'workflow.thoughtMinutes.other': 'Pensó {count} minutos',
  'workflow.workedFor.one': 'Trabajó {count} segundo',
  'workflow.workedFor.many': 'Trabajó {count} segundos',
  'workflow.workedFor.other': 'Trabajó {count} segundos',
  'workflow.workedMinutes.one': 'Trabajó {count} minuto',
  'workflow.workedMinutes.many': 'Trabajó {count} minutos',
  'workflow.workedMinutes.other': 'Trabajó {count} minutos',

  // generated images
  'image.failed': 'No se pudo mostrar la imagen.',
};
