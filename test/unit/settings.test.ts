import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { configure, counters, info, Conv2d, tensor } from 'simdconv'
import { loadFirst } from '../../dist/load-addon'
import { expectError, plainError, rangeError, typeError } from '../helpers/expect-error'

/** Runs a script in a process of its own; gives what it printed, or the code and message of what it threw. */
function run(environment: NodeJS.ProcessEnv, script: string): string {
  const code = `try { const simdconv = require('simdconv'); console.log(${script}) } catch (e) { console.log(e.name, e.code, e.message) }`
  const env = { ...process.env, SIMDCONV_ISA: '', SIMDCONV_THREADS: '', ...environment }
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    cwd: join(__dirname, '../..'),
    env,
    encoding: 'utf8',
  })
  expect(stderr).to.equal('')
  return stdout.trim()
}

describe('info', () => {
  it('tells what computes', () => {
    const { version, isa, isas, threads, availableThreads, cpu, algorithms, napi } = info()
    expect(version).to.match(/^\d+\.\d+\.\d+/)
    expect(isas).to.include(isa)
    expect(isas.at(-1)).to.equal('scalar')
    expect(threads).to.be.within(1, 1024)
    expect(availableThreads).to.be.at.least(1)
    expect(cpu).to.be.a('string').that.is.not.empty
    expect(algorithms).to.include.members(['auto', 'separable', 'depthwise', 'flat', 'direct', 'reference'])
    expect(Number(napi)).to.be.at.least(8)
  })
})

describe('counters', () => {
  it('count runs', async () => {
    const layer = new Conv2d({ filter: tensor(new Float32Array(1), [1, 1, 1, 1]) })
    const before = counters().runs
    await layer.run(tensor(new Float32Array(1), [1, 1, 1]))
    const after = counters()
    expect(after.runs).to.be.above(before)
    expect(after.queued).to.equal(0)
  })
})

describe('configure', () => {
  it('sets the number of threads', () => {
    const { threads } = info()
    for (const count of [1, 3, threads]) {
      configure({ threads: count })
      expect(info().threads).to.equal(count)
    }
  })

  const rule = 'threads must be an integer from 1 to 1024'
  it('refuses what is no number of threads', () => {
    for (const [threads, got] of [
      [0, '0'],
      [-1, '-1'],
      [1.5, '1.5'],
      [NaN, 'NaN'],
      [1025, '1025'],
    ] as const) {
      expectError(rangeError('ERR_CONV_RANGE', `${rule}, got ${got}`), () => configure({ threads }))
    }
    expectError(typeError('ERR_CONV_TYPE', `${rule}, got "2"`), () =>
      configure({ threads: '2' as unknown as number }),
    )
    expectError(typeError('ERR_CONV_TYPE', `${rule}, got undefined`), () =>
      configure({} as { threads: number }),
    )
  })

  it('refuses what is no number of bytes, and then sets nothing', () => {
    const { threads, recycleBytes } = info()
    const bytes = 'recycleBytes must be an integer from 0 to 9007199254740991'
    for (const [value, got] of [
      [-1, '-1'],
      [0.5, '0.5'],
      [Infinity, 'Infinity'],
    ] as const) {
      const error = rangeError('ERR_CONV_RANGE', `${bytes}, got ${got}`)
      expectError(error, () => configure({ threads: threads + 1, recycleBytes: value }))
    }
    const error = rangeError('ERR_CONV_RANGE', `${rule}, got 0`)
    expectError(error, () => configure({ threads: 0, recycleBytes: recycleBytes + 1 }))
    expect(info().threads).to.equal(threads)
    expect(info().recycleBytes).to.equal(recycleBytes)
  })

  it('sets the memory for results', () => {
    const { threads, recycleBytes } = info()
    configure({ recycleBytes: 12345678 })
    expect(info().recycleBytes).to.equal(12345678)
    configure({ threads, recycleBytes })
    expect(info().recycleBytes).to.equal(recycleBytes)
  })

  it('refuses other settings', () => {
    const error = typeError('ERR_CONV_OPTION', 'unknown option "thread"; did you mean "threads"?')
    expectError(error, () => configure({ thread: 2 } as unknown as { threads: number }))
    expectError(typeError('ERR_CONV_TYPE', 'settings must be an object, got 2'), () =>
      configure(2 as unknown as { threads: number }),
    )
  })
})

describe('the environment', () => {
  it('SIMDCONV_ISA forces each instruction set that is there', () => {
    for (const isa of info().isas) expect(run({ SIMDCONV_ISA: isa }, 'simdconv.info().isa')).to.equal(isa)
  })

  it('SIMDCONV_ISA is best first when it is not set', () => {
    expect(run({}, 'simdconv.info().isa')).to.equal(info().isas[0])
  })

  it('SIMDCONV_ISA refuses others, and tells what is there', () => {
    const there = info()
      .isas.join(', ')
      .replace(/, (\w+)$/, ' and $1')
    expect(run({ SIMDCONV_ISA: 'sse9' }, '1')).to.equal(
      `RangeError ERR_CONV_ISA SIMDCONV_ISA is "sse9"; this machine has ${there} (best first)`,
    )
  })

  it('SIMDCONV_ALGORITHM computes the layers that leave it open, and that it can', () => {
    const chosen = (size: number): string => {
      const filter = `simdconv.tensor(new Float32Array(${size * size * 256}).fill(0.5), [${size}, ${size}, 16, 16])`
      return `new simdconv.Conv2d({ filter: ${filter} }).describe([40, 40, 16]).algorithm`
    }
    const both = `${chosen(3)}, ${chosen(5)}`
    expect(run({ SIMDCONV_ALGORITHM: 'winograd-2x2' }, both)).to.equal('winograd-2x2 direct')
    expect(run({ SIMDCONV_ALGORITHM: 'reference' }, both)).to.equal('reference reference')
  })

  it('SIMDCONV_ALGORITHM refuses other names', () => {
    expect(run({ SIMDCONV_ALGORITHM: 'gemm' }, '1')).to.match(
      /^TypeError ERR_CONV_OPTION SIMDCONV_ALGORITHM must be "auto", "separable",/,
    )
  })

  it('SIMDCONV_THREADS limits the number of threads', () => {
    const { availableThreads } = info()
    for (const limit of [1, availableThreads, availableThreads + 1]) {
      const threads = run({ SIMDCONV_THREADS: `${limit}` }, 'simdconv.info().threads')
      expect(threads).to.equal(`${Math.min(limit, availableThreads)}`)
    }
  })

  it('SIMDCONV_THREADS of a worker thread leaves alone what was set', async () => {
    const { threads, availableThreads } = info()
    for (const count of [availableThreads, availableThreads + 1]) {
      configure({ threads: count })
      const env = { ...process.env, SIMDCONV_THREADS: '1' }
      await once(new Worker("require('simdconv')", { eval: true, env }), 'exit')
      expect(info().threads).to.equal(count)
    }
    configure({ threads })
  })

  it('SIMDCONV_THREADS refuses what is no number of threads', () => {
    for (const threads of ['0', 'many', '1.5', '-1', '1e9']) {
      expect(run({ SIMDCONV_THREADS: threads }, '1')).to.equal(
        `RangeError ERR_CONV_RANGE SIMDCONV_THREADS must be an integer from 1 to 1024, got "${threads}"`,
      )
    }
  })
})

describe('the loader', () => {
  it('tells every attempt with its reason', () => {
    const missing = Object.assign(new Error('Cannot find module\nRequire stack: ...'), {
      code: 'MODULE_NOT_FOUND',
    })
    const fail = (error: unknown) => (): never => {
      throw error
    }
    const message =
      'no native build for linux-riscv64. Tried a.node: not found. Tried b.node: wrong ELF class. Build one with: npm run build'
    expectError(plainError('ERR_CONV_LOAD', message), () =>
      loadFirst('linux-riscv64', [
        ['a.node', fail(missing)],
        ['b.node', fail(new Error('wrong ELF class.'))],
      ]),
    )
  })

  it('takes the first that loads', () => {
    const addon = {}
    const fail = (): never => {
      throw new Error('no')
    }
    expect(
      loadFirst('any', [
        ['a', fail],
        ['b', () => addon],
        ['c', fail],
      ]),
    ).to.equal(addon)
  })
})
