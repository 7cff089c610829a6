import { storeContract } from '../contracts/store-contract.js';
import { createMemoryStore } from '../fakes/memory-store.js';

storeContract('the memory store', () => Promise.resolve(createMemoryStore()));
