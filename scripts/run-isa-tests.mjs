// Runs the numeric tests once for each instruction set of this machine that the plain test run does not choose, all
// at the same time; what they print comes one after the other.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { info } = require('simdconv')
const mocha = require.resolve('mocha/bin/mocha.js')

/** The exit code of the numeric tests on an instruction set, and what they print. */
function test(isa) {
  return new Promise((resolve, reject) => {
    const run = spawn(
      process.execPath,
      [
        mocha,
        '--no-config',
        '--require',
        'tsx/cjs',
        '--timeout',
        '60000',
        '--reporter',
        'dot',
        'test/unit/numeric/**/*.test.ts',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SIMDCONV_ISA: isa } },
    )
    let printed = ''
    for (const stream of [run.stdout, run.stderr])
      stream.setEncoding('utf8').on('data', (text) => (printed += text))
    run.on('error', reject)
    run.on('close', (status) => resolve({ status, printed }))
  })
}

let failed = false
const runs = info()
  .isas.slice(1)
  .map((isa) => ({ isa, result: test(isa) }))
for (const { isa, result } of runs) {
  const { status, printed } = await result
  console.log(`\nnumeric tests, SIMDCONV_ISA=${isa}\n${printed}`)
  failed ||= status !== 0
}
process.exit(failed ? 1 : 0)
