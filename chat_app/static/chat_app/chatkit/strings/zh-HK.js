/** The chat's words in Chinese (Hong Kong SAR China). Only what is not as in zh-TW.js. */

export default {
  // history
  'history.deleteTitle': '要刪除此對話嗎？',

  // thread: messages and what is done with them
  'thread.assistant': '助手',
  'thread.stopped': '你已停止此回答。',
  'thread.thanks': '感謝你的意見',
  'thread.unrated': '已撤回你的意見',
  'thread.locked': '此對話已鎖定。',
  'thread.closed': '此對話已關閉。',
  'thread.gone': '此對話已不在這裡。',

  // composer
  'composer.placeholder': '傳送訊息給 AI',
  'composer.waitingOnline': '網絡恢復後立即傳送。按下即可不再等待。',
  'composer.offlineWaiting': '你目前離線。網絡恢復後訊息會立即傳送。',

  // dictation
  'dictation.label': '語音輸入',
  'dictation.start': '語音輸入',
  'dictation.cancel': '取消語音輸入',
  'dictation.denied': '這裡無法使用麥克風。請在瀏覽器設定中允許此頁面使用。',
  'dictation.tooLong': '錄音太長，請試短一點。',

  // structured input: questions that the assistant asks
  'questions.title': '助手的提問',

  // widgets
  'widgets.showDetails': '顯示詳情',
  'widgets.hideDetails': '隱藏詳情',
  'widgets.badEmail': '請輸入電郵地址。',

  // workflows and tasks: what the assistant does on the way to an answer
  'task.search': '網上搜尋',
};
