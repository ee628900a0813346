import './gateway.mjs';
