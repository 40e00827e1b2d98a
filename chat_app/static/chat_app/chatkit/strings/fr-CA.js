/** The chat's words in Canadian French. Only what is not as in fr-FR.js. */

export default {
  // frame: the whole, and what is said about its state
  'frame.title': 'Clavardage',
  'frame.offline': 'Vous êtes hors ligne. Le clavardage reprendra dès que la connexion sera rétablie.',
  'frame.failed': 'Le clavardage n’a pas pu démarrer.',
  'frame.sorry': 'Le clavardage est injoignable pour le moment. Veuillez réessayer.',

  // header
  'header.newChat': 'Nouveau clavardage',
  'header.untitled': 'Nouveau clavardage',

  // dictation
  'dictation.denied': 'Le microphone n’est pas autorisé ici. Autorisez-le pour cette page dans les paramètres du navigateur.',

  // widgets
  'widgets.badEmail': 'Veuillez saisir une adresse de courriel.',
};
