// Runs the numeric tests once for each instruction set of this machine that the plain test run does not choose.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { info } = require('simdconv')
const mocha = require.resolve('mocha/bin/mocha.js')

let failed = false
for (const isa of info().isas.slice(1)) {
  console.log(`\nnumeric tests, SIMDCONV_ISA=${isa}`)
  const run = spawnSync(
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
    { stdio: 'inherit', env: { ...process.env, SIMDCONV_ISA: isa } },
  )
  failed ||= run.status !== 0
}
process.exit(failed ? 1 : 0)
