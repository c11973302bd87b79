/** A failure that the command line explains in one sentence; anything else that is thrown is a bug. */
export class Failure extends Error {
  constructor(
    message: string,
    /** 1: the work could not be done. 2: it was asked for in a way that makes no sense. */
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message)
  }
}

/** A command line that makes no sense. */
export function usageFailure(message: string, command: string): Failure {
  const help = ['simdconv', command, '--help'].filter(Boolean).join(' ')
  return new Failure(`${message} (see: ${help})`, 2)
}

/** The reason of an error of the file system, in words. */
export function fileReason(error: unknown): string {
  const reasons: Record<string, string> = {
    ENOENT: 'no such file or directory',
    ENOTDIR: 'a part of the path is not a directory',
    EISDIR: 'it is a directory',
    EACCES: 'permission denied',
    EPERM: 'operation not permitted',
    EROFS: 'the file system is read-only',
    EFBIG: 'the file would be too large',
    ENOSPC: 'no space left on the device',
    ENAMETOOLONG: 'the name is too long',
  }
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return reasons[code] ?? messageOf(error)
}

/** The first line of what an error says. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n', 1)[0]!
}
