/** A progress bar on a terminal; elsewhere silence. */
import cliProgress from 'cli-progress'

/**
 * @param {number} total
 * @returns {{ step: () => void, say: (text: string) => void, stop: () => void }}
 */
export function startProgress(total) {
  if (!process.stderr.isTTY) return { step() {}, say() {}, stop() {} }
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}% | {what} | {duration_formatted}, {eta_formatted} to go',
    barsize: 24,
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 50,
    fps: 4,
  })
  bar.start(total, 0, { what: '' })
  return {
    step: () => bar.increment(),
    say: (text) => bar.update({ what: text }),
    stop: () => bar.stop(),
  }
}
