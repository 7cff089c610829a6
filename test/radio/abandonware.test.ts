import { radioContract } from '../contracts/radio-contract.js';

radioContract('abandonware');
