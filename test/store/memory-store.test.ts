import { storeContract } from '../contracts/store-contract.js';
import { createMemoryStore } from '../../src/store/index.js';

storeContract('the memory store', () => Promise.resolve(createMemoryStore()));
