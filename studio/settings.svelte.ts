/** What the page knows of its surroundings: light or dark, motion or none, with a server or without, and what screen readers are told. */

/** A folder of files without a server: demos, docs and reports only. */
export const isStatic = document.querySelector('meta[name="pushforward-studio"][content="static"]') !== null;

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

const kept = themes.find((theme) => theme === stored("theme")) ?? "system";
let theme: Theme = $state(kept);
let systemIsDark = $state(dark.matches);
let reducesMotion = $state(still.matches);
let announced = $state("");
let answers = $state(true);

document.documentElement.dataset.theme = kept;
dark.addEventListener("change", () => (systemIsDark = dark.matches));
still.addEventListener("change", () => (reducesMotion = still.matches));

/** A browser may forbid storage. */
function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export const chosenTheme = (): Theme => theme;
export const isDark = (): boolean => theme === "dark" || (theme === "system" && systemIsDark);
export const prefersStillness = (): boolean => reducesMotion;

export function setTheme(chosen: Theme): void {
  theme = chosen;
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("theme", chosen);
  } catch {
    // it holds until the page is closed
  }
}

/** What was said last to those who cannot see it. */
export const announcement = (): string => announced;
export const announce = (text: string): void => void (announced = text);

/** Whether the server answers, as far as is known. */
export const serverAnswers = (): boolean => answers;
export const setServerAnswers = (is: boolean): void => void (answers = is);
