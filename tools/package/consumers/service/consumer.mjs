import { recipe } from '../recipe.mjs';

export default recipe('service', { title: 'startSupervised' });
