/** Pictures for the gallery, painted when they are asked for: the page needs no files and no other host. */

/**
 * A landscape in one mood.
 * @param {number} hue of its sky, in degrees
 * @returns {string} a `data:image/webp` address
 */
export function landscape(hue, width = 800, height = 480, seed = 1) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const brush = canvas.getContext('2d');
  const sky = brush.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, `hsl(${hue} 60% 62%)`);
  sky.addColorStop(1, `hsl(${(hue + 40) % 360} 80% 88%)`);
  brush.fillStyle = sky;
  brush.fillRect(0, 0, width, height);
  brush.fillStyle = `hsl(${(hue + 30) % 360} 90% 92%)`;
  brush.beginPath();
  brush.arc(width * (0.25 + (seed % 5) * 0.12), height * 0.34, height * 0.1, 0, 7);
  brush.fill();
  for (let ridge = 0; ridge < 4; ridge += 1) hills(brush, { width, height, hue, ridge, seed });
  return canvas.toDataURL('image/webp', 0.8);
}

function hills(brush, { width, height, hue, ridge, seed }) {
  const base = height * (0.5 + ridge * 0.13);
  brush.fillStyle = `hsl(${(hue + 10 - ridge * 6 + 360) % 360} ${34 + ridge * 5}% ${56 - ridge * 12}%)`;
  brush.beginPath();
  brush.moveTo(0, height);
  for (let x = 0; x <= width; x += 4) {
    const at = (x / width) * 6.3;
    const wave = Math.sin(at * (1 + ridge * 0.5) + seed * 2 + ridge * 1.7) + 0.45 * Math.sin(at * 3.1 + seed + ridge);
    brush.lineTo(x, base - wave * height * 0.07);
  }
  brush.lineTo(width, height);
  brush.fill();
}

/** Two letters on a ground, for a person. */
export function portrait(letters, hue) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 96, height: 96 });
  const brush = canvas.getContext('2d');
  brush.fillStyle = `hsl(${hue} 45% 42%)`;
  brush.fillRect(0, 0, 96, 96);
  brush.fillStyle = '#fff';
  brush.font = '600 38px system-ui, sans-serif';
  brush.textAlign = 'center';
  brush.textBaseline = 'middle';
  brush.fillText(letters, 48, 50);
  return canvas.toDataURL('image/webp', 0.9);
}
