// Pictures drawn from a recipe: `{kind, seed, width, height}`. tests/js/pictures.py draws the same ones, byte by byte.
// Whole numbers only, so that no two languages can disagree; shapes, gradients, noise and chat bubbles only.

class Dice {
  constructor(seed) {
    this.state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  }

  below(most) {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 8) % most;
  }

  colour() {
    return [this.below(256), this.below(256), this.below(256)];
  }
}

class Sheet {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  }

  box(left, top, right, bottom, [red, green, blue]) {
    const { width, height, rgba } = this;
    for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
      for (let x = Math.max(0, left); x < Math.min(width, right); x++) {
        const at = (y * width + x) * 4;
        rgba[at] = red;
        rgba[at + 1] = green;
        rgba[at + 2] = blue;
      }
    }
  }

  disc(x, y, radius, colour) {
    for (let down = -radius; down <= radius; down++) {
      let reach = 0;
      while ((reach + 1) * (reach + 1) + down * down <= radius * radius) reach++;
      this.box(x - reach, y + down, x + reach + 1, y + down + 1, colour);
    }
  }
}

function gradient(sheet, dice) {
  const slopes = [0, 1, 2].map(() => [dice.below(1200) - 600, dice.below(1200) - 600, dice.below(256)]);
  const { width, height } = sheet;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Up and down again: a triangle wave of 512 steps, so that no edge is where the count starts over.
      const colour = slopes.map(([across, down, start]) => {
        const step = (Math.floor((x * across) / width) + Math.floor((y * down) / height) + start) & 511;
        return step < 256 ? step : 511 - step;
      });
      sheet.box(x, y, x + 1, y + 1, colour);
    }
  }
}

function checkers(sheet, dice) {
  const cell = 3 + dice.below(60);
  const colours = [dice.colour(), dice.colour(), dice.colour()];
  for (let top = 0; top < sheet.height; top += cell) {
    for (let left = 0; left < sheet.width; left += cell) {
      sheet.box(left, top, left + cell, top + cell, colours[dice.below(8) ? (left / cell + top / cell) & 1 : 2]);
    }
  }
}

function shapes(sheet, dice) {
  sheet.box(0, 0, sheet.width, sheet.height, dice.colour());
  const large = Math.max(sheet.width, sheet.height);
  for (let count = 4 + dice.below(16); count; count--) {
    const x = dice.below(sheet.width), y = dice.below(sheet.height), size = 1 + dice.below(1 + (large >> 2));
    if (dice.below(2)) sheet.disc(x, y, size, dice.colour());
    else sheet.box(x, y, x + size, y + 1 + dice.below(size), dice.colour());
  }
}

function noise(sheet, dice) {
  const cell = 1 + dice.below(24);
  for (let top = 0; top < sheet.height; top += cell) {
    for (let left = 0; left < sheet.width; left += cell) {
      sheet.box(left, top, left + cell, top + cell, dice.colour());
    }
  }
}

function bubbles(sheet, dice) {
  const { width, height } = sheet;
  sheet.box(0, 0, width, height, [236, 229, 221]);
  const line = 4 + dice.below(6);
  for (let top = line; top < height; ) {
    const lines = 1 + dice.below(4), wide = (width >> 2) + dice.below(1 + (width >> 1)), mine = dice.below(2);
    const left = mine ? width - line - wide : line;
    const tall = (2 * lines + 1) * line;
    const colour = mine ? [211, 246, 201] : [255, 255, 255];
    sheet.box(left + line, top, left + wide - line, top + tall, colour);
    sheet.box(left, top + line, left + wide, top + tall - line, colour);
    for (let row = 0; row < lines; row++) {
      for (let x = left + line; x < left + wide - 2 * line; ) {
        const word = line + dice.below(5 * line);
        const y = top + (2 * row + 1) * line;
        sheet.box(x, y, Math.min(x + word, left + wide - line), y + line, [60, 64, 67]);
        x += word + line;
      }
    }
    top += tall + line;
  }
}

// Hardly anything to see: such pictures have a low quality.
function faint(sheet, dice) {
  const grey = 40 + dice.below(150);
  sheet.box(0, 0, sheet.width, sheet.height, [grey, grey, grey]);
  const size = 1 + (Math.min(sheet.width, sheet.height) >> 1);
  sheet.disc(dice.below(sheet.width), dice.below(sheet.height), size, [grey + 9, grey + 4, grey + dice.below(30)]);
}

const KINDS = { gradient, checkers, shapes, noise, bubbles, faint };

// The picture as a canvas would give it: four bytes a pixel, all opaque.
export function draw({ kind, seed, width, height }) {
  const sheet = new Sheet(width, height);
  KINDS[kind](sheet, new Dice(seed));
  return sheet.rgba;
}
