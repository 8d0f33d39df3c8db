/** Our own drawings: a grid of 20, line 1.5, round ends. Always beside words or a name, so hidden from readers. */
const DRAWINGS = {
  right: 'M8 5.5 12.5 10 8 14.5',
  left: 'M12 5.5 7.5 10l4.5 4.5',
  down: 'M5.5 8 10 12.5 14.5 8',
  up: 'M5.5 12 10 7.5l4.5 4.5',
  warn: 'M10 3.4 17.4 16.4H2.6ZM10 8.2v3.6M10 14.2v.1',
  danger: 'M7 2.8h6L17.2 7v6L13 17.2H7L2.8 13V7ZM10 6.6v4.2M10 13.3v.1',
  info: 'M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4ZM10 9.4v4M10 6.6v.1',
  search: 'M9 3.4a5.6 5.6 0 1 1 0 11.2A5.6 5.6 0 0 1 9 3.4ZM13.2 13.2l3.6 3.6',
  pencil: 'M4 16l.7-3.2 8.6-8.6a1.4 1.4 0 0 1 2 0l.5.5a1.4 1.4 0 0 1 0 2l-8.6 8.6ZM11.9 5.6l2.5 2.5',
  lock: 'M6 8.6h8a1.6 1.6 0 0 1 1.6 1.6v4.6a1.6 1.6 0 0 1-1.6 1.6H6a1.6 1.6 0 0 1-1.6-1.6v-4.6A1.6 1.6 0 0 1 6 8.6ZM6.8 8.6V6.4a3.2 3.2 0 0 1 6.4 0v2.2',
  copy: 'M8.2 6.6h6.4a1.8 1.8 0 0 1 1.8 1.8v6.4a1.8 1.8 0 0 1-1.8 1.8H8.2a1.8 1.8 0 0 1-1.8-1.8V8.4a1.8 1.8 0 0 1 1.8-1.8ZM3.6 12.6V5.2a1.8 1.8 0 0 1 1.8-1.8h7',
  receive: 'M14 6 6.4 13.6M6.2 8v5.8H12',
  send: 'M6 14l7.6-7.6M8 6.2h5.8V12',
  bolt: 'M11 2.8 4.6 11.4h4.8l-.6 5.8 6.4-8.6h-4.8Z',
  clock: 'M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4ZM10 6.2V10l2.4 1.4',
  pause: 'M7.4 5v10M12.6 5v10',
  play: 'M6.4 4.4 15 10l-8.6 5.6Z',
  stop: 'M6.8 5.4h6.4a1.4 1.4 0 0 1 1.4 1.4v6.4a1.4 1.4 0 0 1-1.4 1.4H6.8a1.4 1.4 0 0 1-1.4-1.4V6.8a1.4 1.4 0 0 1 1.4-1.4Z',
  retry: 'M15.6 8.4A6 6 0 1 0 16 10.6M16 4.6v4h-4',
  check: 'M4.6 10.6 8.4 14.2 15.6 6',
  plus: 'M10 4v12M4 10h12',
  cross: 'M5 5l10 10M15 5 5 15',
  eye: 'M2.4 10S5 4.8 10 4.8 17.6 10 17.6 10 15 15.2 10 15.2 2.4 10 2.4 10ZM10 7.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4Z',
  eyeOff:
    'M3.4 3.4l13.2 13.2M8 5.1A7.6 7.6 0 0 1 10 4.8c5 0 7.6 5.2 7.6 5.2a13 13 0 0 1-2 2.7M12.9 14.6a7.3 7.3 0 0 1-2.9.6C5 15.2 2.4 10 2.4 10a13 13 0 0 1 3-3.6M8.5 8.4a2.2 2.2 0 0 0 3.1 3.1',
  key: 'M12.6 3.4a4 4 0 1 1-2.9 6.8L4.6 15.3V17h-2v-2.6l6-6a4 4 0 0 1 4-5ZM13.4 6.6h.1',
  dots: 'M4.6 10h.1M10 10h.1M15.4 10h.1',
  sound: 'M4 8v4h2.4L10 15V5L6.4 8ZM13 7.6a3.4 3.4 0 0 1 0 4.8M15.2 5.6a6.4 6.4 0 0 1 0 8.8',
} as const
export type IconName = keyof typeof DRAWINGS

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: 16 | 18 | 20 }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width={size === 16 ? 1.7 : name === 'dots' ? 2 : 1.5}
      stroke-linecap="round"
      stroke-linejoin="round"
      class={name === 'left' || name === 'right' ? 'flip' : undefined}
      aria-hidden="true"
    >
      <path d={DRAWINGS[name]} />
    </svg>
  )
}

export function Mark({ size = 24 }: { readonly size?: number }) {
  return (
    <svg width={size * 0.55} height={size} viewBox="5 0 11 20" aria-hidden="true">
      <path
        fill="var(--accent)"
        fill-rule="evenodd"
        d="M10.4.6a4.9 4.9 0 0 1 2.2 9.28V17.7a1.7 1.7 0 0 1-1.7 1.7H8.3a.9.9 0 0 1-.9-.9v-.95l1.6-1.05v-1.25l-1.6-1.05v-1.3L9 11.85v-1.7A4.9 4.9 0 0 1 10.4.6Zm0 2.9a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z"
      />
    </svg>
  )
}
