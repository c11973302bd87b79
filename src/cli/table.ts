/** Plain-text tables. */

/** Two indented columns, the second one starting where the longest name ends. */
export function listing(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n')
}

/** Columns under a heading; those in `numeric` are aligned to the right. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly string[],
) {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column]!
        return numeric.includes(heading[column]!) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(heading), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
