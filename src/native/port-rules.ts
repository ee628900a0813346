// What a refused bind means on this system. In this layer because only it may know the platform.

/**
 * Windows keeps no ports for privileged users: it denies one that lies in a range which it keeps for itself (Hyper-V, WSL, Docker).
 */
export const deniedPortIsReserved = process.platform === 'win32';
