/**
 * A server that blurs photos: POST an image, receive a PNG.
 *
 *   node examples/server.mjs               then: curl --data-binary @photo.png localhost:8080 > blurred.png
 *   node examples/server.mjs --self-test   asks itself a few times and stops
 *
 * The convolution runs on the engine's own threads, so the server keeps answering while it computes; a photo
 * whose client has gone away is taken out of the queue.
 */
/* global AbortController, fetch */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { Conv2d, tensor } from 'simdconv'

const MAX_BYTES = 20e6

/** An 11 x 11 box for each of the three channels, packed once for all requests. */
const blur = new Conv2d({
  filter: tensor(new Float32Array(11 * 11 * 3).fill(1 / 121), [11, 11, 1, 3]),
  groups: 3,
  padding: 'same',
  border: 'edge',
})

const server = createServer((request, response) => {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  answer(request, gone.signal).then(
    ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
    (error) => {
      if (!gone.signal.aborted) response.writeHead(500).end(`${error.message}\n`)
    },
  )
})

async function answer(request, signal) {
  if (request.method !== 'POST') return text(405, 'POST an image')
  if (!(Number(request.headers['content-length']) <= MAX_BYTES))
    return text(413, `send a content-length of at most ${MAX_BYTES}`)
  const image = sharp(await buffer(request))
    .rotate()
    .removeAlpha()
    .toColourspace('srgb')
  let decoded
  try {
    decoded = await image.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true })
  } catch {
    return text(415, 'that is not an image')
  }
  const { data, info } = decoded
  const { width, height } = info
  const pixels = new Float32Array(data.buffer, data.byteOffset, width * height * 3)
  const blurred = await blur.run(tensor(pixels, [height, width, 3]), { signal })
  const raw = { width, height, channels: 3 }
  const body = await sharp(Uint8ClampedArray.from(blurred.data), { raw }).png().toBuffer()
  return { status: 200, type: 'image/png', body }
}

function text(status, line) {
  return { status, type: 'text/plain', body: `${line}\n` }
}

async function selfTest(url) {
  const photo = await readFile(new URL('photos/chelsea.png', import.meta.url))
  const start = Date.now()
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => fetch(url, { method: 'POST', body: photo })),
  )
  const bodies = await Promise.all(replies.map((reply) => reply.arrayBuffer()))
  const { width, height } = await sharp(bodies[0]).metadata()
  console.log(`${replies.length} photos of ${width} x ${height} in ${Date.now() - start} ms`)
  const refused = await fetch(url, { method: 'POST', body: 'no image' })
  console.log(`${refused.status} ${(await refused.text()).trim()}`)
}

const testing = process.argv.includes('--self-test')
server.listen(testing ? 0 : Number(process.env.PORT ?? 8080), async () => {
  const url = `http://localhost:${server.address().port}`
  console.log(url)
  if (!testing) return
  await selfTest(url)
  server.close()
  server.closeAllConnections()
})
