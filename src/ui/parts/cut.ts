/** The one stroke of a session card, from the foot of its cut up into the time line (design/pictures/README.md). */
export interface CutPlace {
  readonly top: number
  readonly pitch: number
}
export interface CutShape {
  readonly height: number
  /** The stroke. */
  readonly key: string
  /** What lies left of the stroke: page colour, so that the straight border vanishes there. */
  readonly outside: string
}

const EDGE = 0.75
const CORNER = 12
const ROUND = 1.5
const FOOT = 6

type Point = readonly [x: number, y: number]

/** @param depths of the five steps, in px; a last step leads back to the edge */
export function cutShape(depths: readonly number[], { top, pitch }: CutPlace): CutShape {
  const height = top + depths.length * pitch + FOOT
  const corners = [...depths, 0].flatMap((depth, step): readonly Point[] => {
    const before = step === 0 ? 0 : (depths[step - 1] ?? 0)
    const flank = 0.5 * Math.abs(depth - before)
    const y = top + step * pitch
    return [
      [EDGE + before, y - flank / 2],
      [EDGE + depth, y + flank / 2],
    ]
  })
  const edge = rounded([[EDGE, CORNER], ...corners, [EDGE, height]])
  const first = top - 4
  return {
    height,
    key: `M${CORNER} ${EDGE}A${CORNER - EDGE} ${CORNER - EDGE} 0 0 0 ${EDGE} ${CORNER}${edge}`,
    outside: `M-1 ${first}L${EDGE} ${first}${rounded([[EDGE, first], ...corners, [EDGE, height]])}L-1 ${height}Z`,
  }
}

function rounded(points: readonly Point[]): string {
  return points
    .slice(1)
    .map((point, index) => {
      const before = points[index]
      const after = points[index + 2]
      if (before === undefined || after === undefined) return `L${at(point)}`
      const start = towards(point, before)
      const end = towards(point, after)
      return `L${at(start)}Q${at(point)} ${at(end)}`
    })
    .join('')
}

function towards([x, y]: Point, [toX, toY]: Point): Point {
  const length = Math.hypot(toX - x, toY - y)
  const share = length === 0 ? 0 : Math.min(ROUND, length / 2) / length
  return [x + (toX - x) * share, y + (toY - y) * share]
}

const at = ([x, y]: Point) => `${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100}`
