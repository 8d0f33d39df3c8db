import * as library from '@argent/x-sessions'
import * as starknet from 'starknet'
import { page } from '../sessions.js'

page(library, starknet)
