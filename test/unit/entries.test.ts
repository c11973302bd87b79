import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import * as simdconv from 'simdconv'

/** Runs an ES module in a process of its own, which can also require. */
function run(script: string): unknown {
  const code = `import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/'); ${script}`
  const cwd = join(__dirname, '../..')
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd,
    encoding: 'utf8',
  })
  expect(stderr).to.equal('')
  return JSON.parse(stdout)
}

const names = [
  'Conv1d',
  'Conv2d',
  'DenseImageLayer',
  'DepthwiseConv2d',
  'LocallyConnected2d',
  'PixelMlp',
  'borderFrom',
  'configure',
  'conv2d',
  'conv2dSync',
  'convolve',
  'correlate',
  'cost',
  'counters',
  'equivariance',
  'findPeaks',
  'globalAveragePool',
  'globalMaxPool',
  'info',
  'isTranslationInvariant',
  'locality',
  'matchTemplate',
  'matchTemplateSync',
  'pad',
  'restrictTo',
  'tensor',
  'tieWeights',
]

describe('the entries', () => {
  it('CommonJS has every name', () => {
    expect(run(`console.log(JSON.stringify(Object.keys(require('simdconv')).sort()))`)).to.deep.equal(names)
  })

  it('ESM has every name, and no other', () => {
    const seen = run(`import * as all from 'simdconv'; console.log(JSON.stringify(Object.keys(all).sort()))`)
    expect(seen).to.deep.equal(names)
  })

  it('share classes, memory in flight and settings', () => {
    const script = `
      import { Conv2d, configure, info, tensor } from 'simdconv'
      const common = require('simdconv')
      configure({ threads: 3 })
      const image = tensor(new Float32Array(1e6), [1000, 1000, 1])
      const layer = new Conv2d({ filter: tensor(new Float32Array(9), [3, 3, 1, 1]), padding: 'same' })
      const output = new Float32Array(1e6)
      const running = layer.run(image, { output })
      let code
      try { common.conv2dSync(image, { filter: tensor(new Float32Array(1), [1, 1, 1, 1]) }, { output }) } catch (e) { code = e.code }
      await running
      console.log(JSON.stringify([Conv2d === common.Conv2d, common.info().threads, code]))`
    expect(run(script)).to.deep.equal([true, 3, 'ERR_CONV_BUSY'])
  })

  it('name the same things here', () => {
    expect(Object.keys(simdconv)).to.include.members(names)
  })
})
