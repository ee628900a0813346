import { expect, test } from 'vitest';
import { findingsIn } from '../../scripts/valgrind.mjs';

/** As memcheck 3.19 writes it. */
const report = (frames: readonly string[]) =>
  [
    'Memcheck, a memory error detector',
    'Command: node /home/user/gateway_lock/test/torture/unkilled.mjs',
    '',
    '24 bytes in 1 blocks are definitely lost in loss record 1 of 2',
    '   at 0x484A2F3: operator new[](unsigned long) (vg_replace_malloc.c:652)',
    ...frames,
    '',
    'LEAK SUMMARY:',
    '   definitely lost: 24 bytes in 1 blocks',
  ]
    .map((line) => `==4711== ${line}`.trimEnd())
    .join('\n');

test.each([
  '   by 0x7A2B397: gateway_lock::ReplaceContent(gateway_lock::FileHandle const&) (file_content_posix.cc:30)',
  '   by 0x7A2B397: ??? (in /home/user/build-valgrind/build/Release/gateway_lock.node)',
])('a finding under valgrind counts if it has the frame %s', (frame) => {
  expect(findingsIn(report([frame]))).toEqual([expect.stringContaining('definitely lost in loss record')]);
});

test('a finding under valgrind does not count if all frames are in Node', () => {
  const frame = '   by 0xD32C5A: v8::internal::Heap::Allocate(unsigned long) (in /usr/bin/node)';
  expect(findingsIn(report([frame]))).toEqual([]);
});
