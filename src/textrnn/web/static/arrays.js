// The data of the page: blocks of base64 in it, unpacked by the browser; and the arrays of a file of safetensors.

const TYPES = { F32: Float32Array, F16: Uint16Array, I8: Int8Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array };

/** Returns the bytes of a gzip file that stands as base64 in the block `id` of the page; the block goes. */
export async function unpacked(id) {
  const block = document.getElementById(id);
  const text = atob(block.textContent);
  block.remove();
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < bytes.length; place += 1) bytes[place] = text.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Returns the JSON of such a block. */
export async function unpackedJson(id) {
  return JSON.parse(new TextDecoder().decode(await unpacked(id)));
}

/** Returns the arrays of a file of safetensors by name: `{ values, shape }`, those of 16 bits as floats. */
export function readArrays(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const arrays = {};
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(header)) {
    const values = new TYPES[dtype](buffer.slice(8 + length + begin, 8 + length + end)); // a copy starts where it may
    arrays[name] = { values: dtype === "F16" ? floats(values) : values, shape };
  }
  return arrays;
}

/** Returns what 16-bit floats stand for. */
function floats(halves) {
  return Float32Array.from(halves, (half) => {
    const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24);
  });
}
