/** Results in memory that earlier ones have left: it comes back, is bounded, moves, and is never in two hands. */
import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Results of 1024 x 1024 floats, each full of one number. */
const setup = `
  const { setImmediate: turn } = require('node:timers/promises')
  const { Worker } = require('node:worker_threads')
  const { Conv2d, configure, counters, info, pad, tensor } = require('simdconv')
  const resultBytes = 4 * 1024 * 1024
  const layer = new Conv2d({ filter: tensor(Float32Array.of(1), [1, 1, 1, 1]) })
  const image = tensor(new Float32Array(1024 * 1024), [1024, 1024, 1])
  const fill = (value) => { image.data.fill(value); return layer.runSync(image) }
  const isFull = (floats, value) => floats.length > 0 && floats.every((element) => element === value)
  const collect = async () => { for (let i = 0; i < 8; i++) { gc(); await turn() } }
  const worker = (code) => new Promise((resolve, reject) => {
    const made = new Worker(code, { eval: true })
    made.once('error', reject).once('message', (message) => { made.once('exit', () => resolve(message)) })
  })`

/** What the body of an async function, which runs in a process of its own, returns. */
function run(body: string): unknown {
  const code = `${setup}
    const main = async () => { ${body} }
    main().then((value) => console.log(JSON.stringify(value)))`
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', code], {
    cwd: join(__dirname, '../..'),
    encoding: 'utf8',
  })
  expect(stderr).to.equal('')
  expect({ status, signal }).to.deep.equal({ status: 0, signal: null })
  return JSON.parse(stdout)
}

const results = 4 * 1024 * 1024

describe('memory of results', () => {
  it('comes back when the garbage collector is done with it, and is written completely', () => {
    const code = `
      const seen = []
      const count = () => { const { resultBytes, idleBytes, recycled } = counters(); seen.push([resultBytes, idleBytes, recycled]) }
      fill(1).data.fill(NaN)
      count()
      await collect()
      count()
      const right = [isFull(fill(2).data, 2)]
      count()
      await collect()
      image.data.fill(3)
      right.push(isFull((await layer.run(image)).data, 3))
      await collect()
      right.push(isFull(pad(tensor(Float32Array.of(4), [1, 1]), { top: 1023, left: 1023, bottom: 0, right: 0 }, 'edge').data, 4))
      count()
      return { seen, right }`
    expect(run(code)).to.deep.equal({
      seen: [
        [results, 0, 0],
        [0, results, 0],
        [results, 0, 1],
        [results, 0, 3],
      ],
      right: [true, true, true],
    })
  })

  it('comes back in a loop of run() by itself', () => {
    const code = `
      for (let i = 0; i < 300; i++) await layer.run(image)
      return counters().recycled`
    expect(run(code)).to.be.above(150)
  })

  it('is bounded in a loop that never yields', () => {
    const code = `
      configure({ recycleBytes: 10 * resultBytes })
      const before = process.memoryUsage.rss()
      let right = true, most = 0
      for (let i = 0; i < 400; i++) {
        const { data } = fill(i)
        right &&= data[0] === i && data.at(-1) === i
        most = Math.max(most, counters().resultBytes)
      }
      return { right, most: most / resultBytes, grown: process.memoryUsage.rss() - before }`
    const { right, most, grown } = run(code) as Record<string, unknown>
    expect({ right, most }).to.deep.equal({ right: true, most: 10 })
    expect(grown).to.be.below(100 * results)
  })

  it('belongs to nobody else while a view or the buffer lives', () => {
    const code = `
      const views = [fill(1).data.subarray(5, 9), new Uint8Array(fill(1).data.buffer), fill(1).data.buffer]
      await collect()
      for (let i = 0; i < 20; i++) { fill(2); await collect() }
      return [counters().resultBytes / resultBytes >= 3, views.map((view) => isFull(new Float32Array(view.buffer ?? view), 1))]`
    expect(run(code)).to.deep.equal([true, [true, true, true]])
  })

  it('moves with structuredClone, and comes back when the new owner is done', () => {
    const code = `
      const { data } = fill(1)
      let moved = structuredClone(data, { transfer: [data.buffer] })
      for (let i = 0; i < 5; i++) { fill(2); await collect() }
      const seen = [data.length, isFull(moved, 1), counters().resultBytes]
      moved = undefined
      await collect()
      return [...seen, counters().resultBytes]`
    expect(run(code)).to.deep.equal([0, true, results, 0])
  })

  it('moves to a worker thread, and comes back from there', () => {
    const code = `
      const echo = new Worker(\`require('node:worker_threads').parentPort.once('message', async (data) => {
        await new Promise((resolve) => setTimeout(resolve, 100))
        require('node:worker_threads').parentPort.postMessage(data.every((element) => element === 1))
      })\`, { eval: true })
      const answer = new Promise((resolve) => echo.once('message', resolve))
      const ended = new Promise((resolve) => echo.once('exit', resolve))
      const { data } = fill(1)
      echo.postMessage(data, [data.buffer])
      const seen = [data.length]
      for (let i = 0; i < 5; i++) { fill(2); await collect() }
      seen.push(await answer)
      await echo.terminate()
      await ended
      await collect()
      return [...seen, counters().resultBytes]`
    expect(run(code)).to.deep.equal([0, true, 0])
  })

  it('of worker threads is ordinary, and outlives them', () => {
    const code = `
      const made = \`
        const { Conv2d, counters, tensor } = require('simdconv')
        const layer = new Conv2d({ filter: tensor(Float32Array.of(1), [1, 1, 1, 1]) })
        const { data } = layer.runSync(tensor(new Float32Array(1024 * 1024).fill(7), [1024, 1024, 1]))
        layer.runSync(tensor(new Float32Array(1024 * 1024), [1024, 1024, 1]))
        require('node:worker_threads').parentPort.postMessage({ data, taken: counters().resultBytes }, [data.buffer])\`
      const messages = await Promise.all([worker(made), worker(made), worker(made)])
      for (let i = 0; i < 20; i++) fill(2)
      await collect()
      for (let i = 0; i < 20; i++) fill(2)
      return messages.map(({ data, taken }) => [isFull(data, 7), taken])`
    expect(run(code)).to.deep.equal(Array(3).fill([true, 0]))
  })

  it('is never in two hands', () => {
    const code = `
      let state = 1
      const random = (below) => { state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff; return (state >>> 8) % below }
      configure({ recycleBytes: 12 * resultBytes })
      const live = []
      const wrong = []
      const check = ({ value, data }) => { if (!isFull(data, value)) wrong.push(value) }
      for (let value = 1; value <= 150; value++) {
        const height = 768 + random(257)
        const part = tensor(image.data.subarray(0, height * 1024).fill(value), [height, 1024, 1])
        const { data } = random(2) ? layer.runSync(part) : await layer.run(part)
        live.push({ value, data })
        while (live.length > random(12)) {
          const at = random(live.length)
          check(live[at])
          live.splice(at, 1)
        }
        if (random(4) === 0) gc()
        if (random(3) === 0) await turn()
      }
      live.forEach(check)
      return { wrong, recycled: counters().recycled > 30 }`
    expect(run(code)).to.deep.equal({ wrong: [], recycled: true })
  })

  it('of runs that were taken back or refused comes back too', () => {
    const code = `
      configure({ threads: 1 })
      const controller = new AbortController()
      const runs = Array.from({ length: 10 }, () => layer.run(image, { signal: controller.signal }))
      controller.abort()
      const ends = await Promise.allSettled(runs)
      const taken = counters().resultBytes
      runs.length = ends.length = 0
      await collect()
      return [taken > 0, counters().resultBytes]`
    expect(run(code)).to.deep.equal([true, 0])
  })

  it('is given back to the system by configure({ recycleBytes: 0 })', () => {
    const code = `
      let kept = fill(1)
      fill(2)
      await collect()
      const seen = [info().recycleBytes, counters().resultBytes, counters().idleBytes]
      configure({ recycleBytes: 0 })
      seen.push(info().recycleBytes, counters().resultBytes, counters().idleBytes, isFull(kept.data, 1), isFull(fill(3).data, 3))
      kept = undefined
      await collect()
      return [...seen, counters().resultBytes, counters().idleBytes]`
    const before = [256 * 2 ** 20, results, results]
    expect(run(code)).to.deep.equal([...before, 0, results, 0, true, true, 0, 0])
  })

  it('may be in flight when the process ends', () => {
    for (const limit of [0, 2 ** 28]) {
      const code = `
        for (let i = 0; i < 6; i++) void layer.run(image)
        configure({ recycleBytes: ${limit} })
        console.log(1)
        process.exit(0)`
      expect(run(code)).to.equal(1)
    }
  })

  it('is not touched for small results', () => {
    const code = `
      layer.runSync(tensor(new Float32Array(700 * 700), [700, 700, 1]))
      return counters().resultBytes`
    expect(run(code)).to.equal(0)
  })
})
