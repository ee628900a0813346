import { recipe } from '../recipe.mjs';

export default recipe('express', { title: 'Express', common: true, packages: { express: '5.3.0' } });
