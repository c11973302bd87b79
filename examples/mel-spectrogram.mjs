/**
 * What a song looks like: a filter bank as a convolution over time.
 *
 *   node examples/mel-spectrogram.mjs [OUT.png] [SONG.wav]     (docs/mel-spectrogram.png when left out; after `npm run build`)
 *
 * Composes a song of four seconds, writes it to a WAV file, and reads that back. One Conv1d then is a bank of 72
 * pairs of filters, evenly spaced on the mel scale of pitch, that is moved over the samples in steps of 10 ms. The two
 * of a pair are a cosine and a sine under one window: their squares add up to the energy at a pitch, wherever in its
 * swing the tone is. docs/audio-and-text.md has the picture, and what to see on it.
 */
import { Buffer } from 'node:buffer'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { Conv1d, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'

const PICTURE = fileURLToPath(new URL('../docs/mel-spectrogram.png', import.meta.url))
const RATE = 16000
const SECONDS = 4
const HOP = RATE / 100 // 10 ms
const BANDS = 72
const LOWEST = 80
const HIGHEST = 7600
const QUIETEST_DB = -70
const NOTES = [262, 330, 392, 523, 392, 330, 262] // a chord of C, up and down

const picture = process.argv[2] ?? PICTURE
const song = process.argv[3] ?? join(tmpdir(), 'simdconv-song.wav')
await writeFile(song, wavOf(compose()))
const { samples, rate } = readWav(await readFile(song))
console.log(`${song}: ${samples.length / rate} s at ${rate} Hz`)

const edges = melScale(LOWEST, HIGHEST, BANDS + 2)
const bank = new Conv1d({ filter: filterBank(edges, rate), strides: HOP, padding: 'same', accuracy: 'exact' })
const audio = tensor(samples, [samples.length, 1])
const start = performance.now()
const responses = await bank.run(audio)
const milliseconds = performance.now() - start
const decibels = energies(responses)
const [frames] = responses.shape
const { macs } = bank.describe(audio.shape)
console.log(`${frames} frames of ${BANDS} bands: ${(macs / 1e6).toFixed(0)} million multiplications`)
console.log(
  `computed in ${milliseconds.toFixed(1)} ms, 1/${Math.round((SECONDS * 1000) / milliseconds)} of the song`,
)

for (const [index, note] of NOTES.entries()) {
  const frame = Math.round(((index + 0.5) / NOTES.length) * (frames - 1))
  const band = loudestBelow(decibels, frame, 800)
  const [low, high] = [edges[band], edges[band + 2]].map(Math.round)
  console.log(`note ${index + 1}: ${note} Hz, heard from ${low} to ${high} Hz`)
}
await draw(decibels, frames, picture)
console.log(picture)

/** Notes with overtones that die away, under a whistle that rises by three octaves, and a little noise. */
function compose() {
  const data = new Float32Array(RATE * SECONDS)
  let noise = 1
  for (let t = 0; t < data.length; t++) {
    const seconds = t / RATE
    const index = Math.floor((seconds / SECONDS) * NOTES.length)
    const since = seconds - (index * SECONDS) / NOTES.length
    const fade = Math.min(1, since * 100) * Math.exp(-3 * since)
    for (const overtone of [1, 2, 3, 4, 5]) {
      data[t] += (0.25 / overtone ** 1.5) * fade * Math.sin(2 * Math.PI * NOTES[index] * overtone * seconds)
    }
    const whistle = (900 * SECONDS * (8 ** (seconds / SECONDS) - 1)) / Math.log(8) // the phase of 900 to 7200 Hz
    data[t] += 0.1 * Math.sin(2 * Math.PI * whistle)
    noise = (noise * 48271) % 2147483647
    data[t] += 0.001 * (noise / 2147483647 - 0.5)
  }
  return data
}

/** 16-bit mono PCM: a header of 44 bytes, then the samples. */
function wavOf(data) {
  const file = Buffer.alloc(44 + 2 * data.length)
  file.write('RIFF')
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16) // bytes of what follows until "data"
  file.writeUInt16LE(1, 20) // PCM
  file.writeUInt16LE(1, 22) // one channel
  file.writeUInt32LE(RATE, 24)
  file.writeUInt32LE(RATE * 2, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(2 * data.length, 40)
  for (const [t, sample] of data.entries()) {
    file.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, sample))), 44 + 2 * t)
  }
  return file
}

/** A WAV file is a list of chunks: four letters, a length, and as many bytes, padded to an even number. */
function readWav(file) {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error('no WAV file')
  let rate
  for (let at = 12; at + 8 <= file.length;) {
    const [name, length] = [file.toString('latin1', at, at + 4), file.readUInt32LE(at + 4)]
    const body = at + 8
    if (name === 'fmt ') {
      const [format, channels, bits] = [0, 2, 14].map((offset) => file.readUInt16LE(body + offset))
      if (format !== 1 || channels !== 1 || bits !== 16) throw new Error('only 16-bit mono PCM is read here')
      rate = file.readUInt32LE(body + 4)
    } else if (name === 'data') {
      const samples = Float32Array.from(
        { length: length / 2 },
        (_, t) => file.readInt16LE(body + 2 * t) / 32768,
      )
      return { samples, rate }
    }
    at = body + length + (length % 2)
  }
  throw new Error('a WAV file without samples')
}

/** Frequencies at even distances on the mel scale: nearly linear below 700 Hz, logarithmic above. */
function melScale(lowest, highest, count) {
  const mel = (hertz) => 2595 * Math.log10(1 + hertz / 700)
  const hertz = (mel) => 700 * (10 ** (mel / 2595) - 1)
  const step = (mel(highest) - mel(lowest)) / (count - 1)
  return Array.from({ length: count }, (_, index) => hertz(mel(lowest) + index * step))
}

/**
 * One band between each edge and the next but one: taps x 1 x (2 per band). A Hann window of length T passes half the
 * amplitude at 1/T from the centre, so its length follows from the width of the band: long for low ones, which tells
 * their pitch, short for high ones, which tells their time.
 */
function filterBank(edges, rate) {
  const lengths = edges.slice(2).map((high, band) => Math.round((4 * rate) / (high - edges[band])))
  const taps = Math.max(...lengths)
  const filter = new Float32Array(taps * 2 * BANDS)
  for (const [band, length] of lengths.entries()) {
    const centre = edges[band + 1]
    const first = Math.floor((taps - length) / 2)
    for (let tap = 0; tap < length; tap++) {
      const window = (1 - Math.cos((2 * Math.PI * (tap + 0.5)) / length)) / length // of sum 1, twice: of a tone half is seen
      const phase = (2 * Math.PI * centre * (first + tap - taps / 2)) / rate
      filter[(first + tap) * 2 * BANDS + 2 * band] = 2 * window * Math.cos(phase)
      filter[(first + tap) * 2 * BANDS + 2 * band + 1] = 2 * window * Math.sin(phase)
    }
  }
  return tensor(filter, [taps, 1, 2 * BANDS])
}

/** Of each pair the sum of squares, in decibels: 0 is a tone of full amplitude. */
function energies({ data }) {
  return Float32Array.from(
    { length: data.length / 2 },
    (_, index) => 10 * Math.log10(data[2 * index] ** 2 + data[2 * index + 1] ** 2 + 1e-12),
  )
}

/** The loudest band of a frame whose centre is below a frequency. */
function loudestBelow(decibels, frame, hertz) {
  const bands = decibels.subarray(frame * BANDS, frame * BANDS + edges.findIndex((edge) => edge > hertz) - 1)
  return bands.indexOf(Math.max(...bands))
}

/** Time to the right, pitch upwards, loudness from dark to light. */
async function draw(decibels, frames, path) {
  const [scaleX, scaleY, left, below, gap] = [2, 5, 64, 34, 12]
  const ink = [32, 34, 38]
  const canvas = new Canvas(left + frames * scaleX + gap, gap + BANDS * scaleY + below, [255, 255, 255])
  for (let frame = 0; frame < frames; frame++) {
    for (let band = 0; band < BANDS; band++) {
      const colour = shade(1 - decibels[frame * BANDS + band] / QUIETEST_DB)
      canvas.fill(left + frame * scaleX, gap + (BANDS - 1 - band) * scaleY, scaleX, scaleY, colour)
    }
  }
  for (const hertz of [100, 200, 500, 1000, 2000, 5000]) {
    const band = edges.findIndex((edge) => edge > hertz) - 1
    const y =
      gap +
      Math.round((BANDS - band + 0.5 - (hertz - edges[band]) / (edges[band + 1] - edges[band])) * scaleY)
    canvas.textEndingAt(`${hertz}`, left - 10, y - 6, 2, ink)
    canvas.fill(left - 6, y, 6, 1, ink)
  }
  canvas.textEndingAt('Hz', left - 10, gap, 2, ink)
  for (let second = 0; second <= SECONDS; second++) {
    const x = left + Math.min(frames * scaleX - 1, (second * scaleX * RATE) / HOP)
    canvas.fill(x, gap + BANDS * scaleY, 1, 6, ink)
    if (second < SECONDS) canvas.text(`${second} s`, x, gap + BANDS * scaleY + 10, 2, ink)
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}

/** From night blue over red to yellow. */
function shade(loudness) {
  const stops = [
    [10, 12, 30],
    [70, 20, 110],
    [190, 50, 90],
    [250, 140, 40],
    [255, 250, 190],
  ]
  const place = Math.max(0, Math.min(1, loudness)) * (stops.length - 1)
  const [low, high] = [stops[Math.floor(place)], stops[Math.ceil(place)]]
  return low.map((part, channel) => Math.round(part + (place % 1) * (high[channel] - part)))
}
