/** Recording what is said: the microphone, the format that browser and server share, how loud it is. No words, no view. */

/** In the order of our liking; the server takes these containers (`input.transcribe`). */
const FORMATS = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus', 'audio/webm'];

export function canRecord() {
  return Boolean(globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia && format());
}

function format() {
  return FORMATS.find((type) => MediaRecorder.isTypeSupported(type));
}

export class Recorder {
  #stream;
  #recorder;
  #context;
  #analyser;
  #parts = [];
  #over = false;

  /** Begin. Rejects as `getUserMedia` does. */
  async start() {
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    if (this.#over) {
      this.release(); // cancelled while the person was being asked
      return false;
    }
    try {
      this.#recorder = new MediaRecorder(this.#stream, { mimeType: format(), audioBitsPerSecond: 32_000 });
      this.#recorder.addEventListener('dataavailable', ({ data }) => data.size && this.#parts.push(data));
      this.#recorder.start(1_000);
      this.#listen();
    } catch (error) {
      this.release();
      throw error;
    }
    this.since = performance.now();
    return true;
  }

  get seconds() {
    return this.since === undefined ? 0 : (performance.now() - this.since) / 1000;
  }

  /** How loud it is, from 0 to 1; 0 where that cannot be told. */
  level() {
    if (!this.#analyser) return 0;
    const wave = new Uint8Array(this.#analyser.fftSize);
    this.#analyser.getByteTimeDomainData(wave);
    const power = wave.reduce((sum, value) => sum + ((value - 128) / 128) ** 2, 0) / wave.length;
    return Math.min(1, Math.sqrt(power) * 3);
  }

  #listen() {
    if (!globalThis.AudioContext) return;
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 512;
    this.#context.createMediaStreamSource(this.#stream).connect(this.#analyser);
  }

  /** End it. @returns {Promise<Blob>} what was recorded */
  async stop() {
    const recorder = this.#recorder;
    if (recorder.state !== 'inactive') {
      const ended = new Promise((resolve) => recorder.addEventListener('stop', resolve, { once: true }));
      recorder.stop();
      await ended;
    }
    this.release();
    return new Blob(this.#parts, { type: recorder.mimeType });
  }

  /** Let the microphone go, whatever has happened: its light must not stay on. */
  release() {
    this.#over = true;
    if (this.#recorder && this.#recorder.state !== 'inactive') this.#recorder.stop();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close().catch(() => {
      // Closed already: nothing is held any more.
    });
    this.#context = undefined;
    this.#analyser = undefined;
  }
}
