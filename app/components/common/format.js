/** Numbers and tokens as a person reads them. */

/** A number in at most six characters and a sign, a true minus, with two significant digits or more. */
export function number(x) {
  return Number.isFinite(x) ? digits(x).replaceAll("-", "−") : "–";
}

function digits(x) {
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (size >= 1000) return x.toExponential(1).replace("e+", "e");
  if (size >= 100) return x.toFixed(0);
  if (size >= 10) return x.toFixed(1);
  if (size >= 1) return x.toFixed(2);
  if (size >= 0.01) return x.toFixed(3);
  if (size >= 0.001) return x.toFixed(4);
  return x.toExponential(1);
}

/** How many tokens, as a person says it. */
export function tokensOf(count) {
  return `${count.toLocaleString("en")} ${count === 1 ? "token" : "tokens"}`;
}

/** A token in quotation marks, white space made visible; a token without text of its own says so. */
export function quoted(token) {
  if (token === "") return "part of a character, or a mark";
  const bare = token.length > 1 && token[0] === " " ? token.slice(1) : token;
  return `“${bare.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣")}”`;
}

/** The value that a share of the finite values does not exceed; 0 of nothing. */
export function quantile(values, share) {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
}
