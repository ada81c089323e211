/** Patterns of tags, as a shell has them. */

/**
 * Makes a test of a pattern: `*` is any text, `?` any character, `[a-c]` one of
 * those and `[!a-c]` one of the others. It takes no longer than the product of
 * both lengths, whatever the pattern is.
 *
 * @param pattern The pattern, which stands for the whole of a text.
 */
export function globOf(pattern: string): (text: string) => boolean {
  const steps = stepsOf(pattern);
  return (text) => {
    const characters = [...text];
    let [step, place] = [0, 0];
    // Where to go on from when what follows the last star does not fit.
    let [star, tried] = [-1, 0];
    while (place < characters.length) {
      const next = steps[step];
      if (next === "*") {
        [star, tried] = [step++, place];
      } else if (next?.(characters[place]!)) {
        step++;
        place++;
      } else if (star >= 0) {
        step = star + 1;
        place = ++tried;
      } else return false;
    }
    return steps.slice(step).every((left) => left === "*");
  };
}

type Step = "*" | ((character: string) => boolean);

function stepsOf(pattern: string): Step[] {
  return [...pattern.matchAll(/\[(!|\^)?(\]?[^\]]*)\]|[^]/gu)].map(
    ([whole, not, set]): Step => {
      if (whole === "*") return "*";
      if (whole === "?") return () => true;
      if (set === undefined || set === "") return (other) => other === whole;
      const holds = setOf(set);
      return not ? (other) => !holds(other) : holds;
    },
  );
}

function setOf(text: string): (character: string) => boolean {
  const parts = [...text.matchAll(/([^])-([^])|[^]/gu)];
  return (character) =>
    parts.some(([whole, from, to]) =>
      from === undefined || to === undefined
        ? character === whole
        : from <= character && character <= to
    );
}
