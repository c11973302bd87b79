// Runs the native tests on CPUs that this machine is not, under qemu-user: an x86-64 from before AVX, on which any
// AVX instruction is fatal, and a 64-bit ARM. Needs (Debian): qemu-user g++-aarch64-linux-gnu
// (AVX2 is not proven this way: qemu 7's masked loads touch the lanes that are masked out, and fault at guard pages.)
import { spawnSync } from 'node:child_process'

const cases = process.env.SIMDCONV_TEST_CASES ?? '150'

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options })
  if (result.error?.code === 'ENOENT') {
    console.error(
      `${command} is missing; on Debian: apt-get install qemu-user g++-aarch64-linux-gnu cmake g++ make`,
    )
    process.exit(1)
  }
  return result
}

function build(directory, options) {
  for (const args of [
    ['-S', '.', '-B', directory, '-DCMAKE_BUILD_TYPE=Release', ...options],
    ['--build', directory, '--parallel', '2', '--target', 'simdconv_native_tests'],
  ]) {
    const result = run('cmake', args)
    if (result.status !== 0) {
      console.error(result.stdout + result.stderr)
      process.exit(1)
    }
  }
  return `${directory}/simdconv_native_tests`
}

const hosts = [
  {
    name: 'x86-64 before AVX (Nehalem)',
    isas: 'scalar',
    emulator: ['qemu-x86_64', '-cpu', 'Nehalem'],
    program: () => build('build-x86_64', process.arch === 'x64' ? [] : crossOptions('x86_64')),
  },
  {
    name: 'aarch64',
    isas: 'neon scalar',
    emulator: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    program: () => build('build-aarch64', process.arch === 'arm64' ? [] : crossOptions('aarch64')),
  },
]

function crossOptions(processor) {
  return [
    '-DCMAKE_SYSTEM_NAME=Linux',
    `-DCMAKE_SYSTEM_PROCESSOR=${processor}`,
    `-DCMAKE_CXX_COMPILER=${processor}-linux-gnu-g++`,
  ]
}

let passed = 0
let failed = 0
for (const host of hosts) {
  const [emulator, ...options] = host.emulator
  const result = run(emulator, [...options, host.program()], {
    env: { ...process.env, SIMDCONV_TEST_CASES: cases },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const counts = /(\d+) passed, (\d+) failed\s*$/.exec(result.stdout)
  const isas = /instruction sets: (.*)/.exec(result.stdout)?.[1]
  const asExpected = isas === host.isas
  passed += Number(counts?.[1] ?? 0) + Number(asExpected)
  failed += Number(counts?.[2] ?? 1) + Number(!asExpected)
  console.log(
    `${host.name}: ${isas ?? 'nothing'}; ${counts?.[0].trim() ?? `stopped by ${result.signal ?? result.status}`}`,
  )
  if (!asExpected) console.log(`FAIL it should have chosen among: ${host.isas}`)
  if (counts?.[2] !== '0') console.log(result.stdout + result.stderr)
}
console.log(`emulated: ${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
