import { conversations } from '../contracts/conversation-contract.js';
import { radioContract } from '../contracts/radio-contract.js';
import { radioFaults } from '../contracts/radio-faults.js';

radioContract('abandonware');
conversations('abandonware');
radioFaults('abandonware');
