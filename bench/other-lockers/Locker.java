// Locks a file with java.nio. Usage: java Locker.java PATH. Prints "held" or "refused", and releases
// the lock when stdin ends.
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

class Locker {
  public static void main(String[] args) throws Exception {
    try (FileChannel channel =
        FileChannel.open(Path.of(args[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      boolean held = channel.tryLock() != null;
      System.out.println(held ? "held" : "refused");
      if (held) System.in.readAllBytes();
    }
  }
}
