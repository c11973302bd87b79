// The C++ formatter (clang-format, from npm) over native/, binding/ and bench/native; and the linter (clang-tidy,
// from the system) where it is installed. With --fix, formats instead of checking.
import { execFileSync, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const require = createRequire(import.meta.url)
const clangFormat = require('clang-format').getNativeBinary()
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.cc', '*.h'],
  {
    encoding: 'utf8',
  },
)
  .trim()
  .split('\n')
  .filter((file) => existsSync(file))

if (process.argv.includes('--fix')) {
  execFileSync(clangFormat, ['-i', ...files], { stdio: 'inherit' })
  process.exit(0)
}

const format = spawnSync(clangFormat, ['--dry-run', '--Werror', ...files], { stdio: 'inherit' })
if (format.status !== 0) process.exit(1)

const hasTidy = spawnSync('run-clang-tidy', ['-h']).status === 0
if (!hasTidy) {
  console.error(
    'clang-tidy is missing, so C++ was checked for format alone; on Debian: apt-get install clang-tidy',
  )
  process.exit(process.env.CI ? 1 : 0)
}
if (!existsSync('build/compile_commands.json')) {
  console.error('clang-tidy needs build/compile_commands.json: npm run build:native')
  process.exit(1)
}
// Not neon.cc: the compile commands are this machine's.
const sources = '(native|binding)/(?!.*neon).*[.]cc$'
const tidy = spawnSync(
  'run-clang-tidy',
  ['-p', 'build', '-quiet', '-j', String(availableParallelism()), sources],
  {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  },
)
if (tidy.status !== 0) console.error(tidy.stdout)
process.exit(tidy.status ?? 1)
