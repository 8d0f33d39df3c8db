import * as library from '@argent/x-sessions'
import * as starknet from 'starknet'
import { page } from '../sessions.js'

page(library, starknet, { specVersion: '0.8.1', blockIdentifier: 'latest' })
