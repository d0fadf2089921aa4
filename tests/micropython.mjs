// Runs a Python file of this tree on MicroPython: node tests/micropython.mjs FOLDER-OF-MICROPYTHON MAIN-MODULE FILE...
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [, , folder, main, ...files] = process.argv;
const { loadMicroPython } = await import(pathToFileURL(path.resolve(folder, "micropython.mjs")));
const python = await loadMicroPython({ heapsize: 2 * 1024 * 1024, stdout: (line) => console.log(line) });
for (const file of files) {
  let at = "";
  for (const part of path.dirname(file).split("/")) {
    at += "/" + part;
    if (!python.FS.analyzePath(at).exists) python.FS.mkdir(at);
  }
  python.FS.writeFile("/" + file, fs.readFileSync(file));
}
try {
  python.runPython(`import sys; sys.path.insert(0, "/")\nfrom ${main} import main\nmain()`);
} catch (error) {
  // Uncaught, Node would print the interpreter's one line of 100 kB before it.
  console.error(String(error.message));
  process.exit(1);
}
