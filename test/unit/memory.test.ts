import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const packedBytes = 4 * 2 ** 20
/** Enough for the C library's heap to come to rest, holes and all, while small objects wait for the garbage collector. */
const rounds = 1000

/** How many bytes a process of its own grows in so many rounds of a loop that never yields to the event loop. */
function growth(round: string): number {
  const code = `
    const { Conv2d, conv2dSync, tensor } = require('simdconv')
    const filter = tensor(new Float32Array(2 ** 20), [1, 1, 1024, 1024])
    const image = tensor(new Float32Array(1024), [1, 1, 1024])
    const loop = (rounds) => { for (let i = 0; i < rounds; i++) { ${round} } }
    loop(20)
    const before = process.memoryUsage.rss()
    loop(${rounds})
    console.log(process.memoryUsage.rss() - before)`
  const cwd = join(__dirname, '../..')
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], { cwd, encoding: 'utf8' })
  expect(stderr).to.equal('')
  return Number(stdout)
}

describe('memory', () => {
  const loops: Readonly<Record<string, string>> = {
    'layers that are disposed of':
      'const layer = new Conv2d({ filter }); layer.runSync(image); layer.dispose()',
    'layers that go out of the scope of using':
      'const layer = new Conv2d({ filter }); layer.describe(image.shape); layer[Symbol.dispose]()',
    'one-shot convolutions': 'conv2dSync(image, { filter })',
    'one-shot convolutions that fail':
      'try { conv2dSync(image, { filter }, { output: image.data }) } catch {}',
  }
  for (const [name, round] of Object.entries(loops)) {
    it(`does not grow with ${name}`, () => {
      expect(growth(round)).to.be.below((rounds * packedBytes) / 8)
    })
  }
})
