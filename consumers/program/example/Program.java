// SPDX-License-Identifier: Apache-2.0
package example;

import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Serves two devices, drives one, and migrates it to the other. Exits with 1 if the count was not migrated. */
public final class Program {

  private static final int BAR0 = 0;

  private Program() {
  }

  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory("consumer");
    try (ServedDevice source = new ServedDevice(folder, "a"); ServedDevice target = new ServedDevice(folder, "b")) {
      int count = moveCount(source, target);
      if (count != 2) {
        System.err.println("the target counted " + count + ", expected 2");
        System.exit(1);
      }
    } finally {
      Files.delete(folder);
    }
  }

  private static int moveCount(ServedDevice source, ServedDevice target) throws Exception {
    try (var from = VfioUserClient.connect(source.socket(), ClientOptions.DEFAULT);
        var to = VfioUserClient.connect(target.socket(), ClientOptions.DEFAULT)) {
      from.writeInt(BAR0, Counter.ADVANCE, 1);
      from.writeInt(BAR0, Counter.ADVANCE, 1);
      LocalMigration.run(from, to, MigrationOptions.defaults(), Workload.NONE, event -> {
      });
      return to.readInt(BAR0, Counter.COUNT);
    }
  }

  /** A device, its server, and the thread that runs it. */
  private static final class ServedDevice implements AutoCloseable {

    private final Path socket;
    private final Counter device;
    private final VfioUserServer server;
    private final Thread thread;

    ServedDevice(Path folder, String name) throws Exception {
      socket = folder.resolve(name + ".sock");
      device = new Counter(name);
      server = VfioUserServer.listen(socket, device, ServerOptions.DEFAULT, System.err::println);
      thread = Thread.ofPlatform().name(name).start(() -> {
        try {
          server.run();
        } catch (Exception e) {
          e.printStackTrace();
        }
      });
    }

    Path socket() {
      return socket;
    }

    @Override
    public void close() throws IOException {
      server.close();
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      device.close();
    }
  }
}
