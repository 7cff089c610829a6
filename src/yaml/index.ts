/** YAML text and a schema to a value, or to complaints that name the key and the line. */
export { parseScalar, parseYaml, type Complaint, type Parsed } from './parse.js';
export { wholeNumber } from './schemas.js';
