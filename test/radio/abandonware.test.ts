import { conversations } from '../contracts/conversation-contract.js';
import { radioContract } from '../contracts/radio-contract.js';

radioContract('abandonware');
conversations('abandonware');
