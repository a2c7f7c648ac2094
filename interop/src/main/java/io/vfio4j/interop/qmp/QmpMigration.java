// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.qmp;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A migration of a VM between two QEMU processes of this machine that have its memory in the same file. QEMU leaves out
 * the memory, and stops the VM before the switchover until it is told to continue.
 */
public final class QmpMigration {

  private static final List<String> SOURCE = List.of("x-ignore-shared", "pause-before-switchover", "events");
  private static final List<String> TARGET = List.of("x-ignore-shared", "events");
  private static final String PRE_SWITCHOVER = "pre-switchover";
  private static final String COMPLETED = "completed";
  private static final String CANCELLED = "cancelled";
  /** States that are not followed by another. */
  private static final Set<String> FINAL = Set.of(COMPLETED, "failed", CANCELLED);

  private final QmpClient source;
  private final QmpClient target;
  private final Path socket;

  private QmpMigration(QmpClient source, QmpClient target, Path socket) {
    this.source = source;
    this.target = target;
    this.socket = socket;
  }

  /**
   * Prepares a migration, which the VM does not notice.
   *
   * @param source the monitor of the QEMU that runs the VM
   * @param target the monitor of one started with the same arguments and {@code -incoming defer -S}
   * @param socket the path of a UNIX socket for QEMU's stream, which the target creates
   */
  public static QmpMigration prepare(QmpClient source, QmpClient target, Path socket) throws IOException {
    enable(source, SOURCE);
    enable(target, TARGET);
    target.execute("migrate-incoming", uri(socket));
    return new QmpMigration(source, target, socket);
  }

  private static void enable(QmpClient qmp, List<String> capabilities) throws IOException {
    JsonArray all = new JsonArray();
    for (String capability : capabilities) {
      JsonObject one = new JsonObject();
      one.addProperty("capability", capability);
      one.addProperty("state", true);
      all.add(one);
    }
    JsonObject arguments = new JsonObject();
    arguments.add("capabilities", all);
    qmp.execute("migrate-set-capabilities", arguments);
  }

  private static JsonObject uri(Path socket) {
    JsonObject arguments = new JsonObject();
    arguments.addProperty("uri", "unix:" + socket);
    return arguments;
  }

  /** Starts the migration, and waits until the VM is stopped. */
  public void run() throws IOException {
    source.execute("migrate", uri(socket));
    await(source, PRE_SWITCHOVER);
  }

  /** Completes the migration. The VM stays stopped at both. */
  public void complete() throws IOException {
    JsonObject arguments = new JsonObject();
    arguments.addProperty("state", PRE_SWITCHOVER);
    source.execute("migrate-continue", arguments);
    await(target, COMPLETED);
    await(source, COMPLETED);
  }

  /** Cancels the migration before it is completed. The VM runs again at the source. */
  public void cancel() throws IOException {
    source.execute("migrate_cancel");
    await(source, CANCELLED);
    // QEMU resumes the VM itself, after it has reported the end of the migration.
    source.execute("cont");
  }

  private static void await(QmpClient qmp, String status) throws IOException {
    String seen = qmp.await(event -> event.isMigration()
        && (event.status().equals(status) || FINAL.contains(event.status()))).status();
    if (!seen.equals(status)) {
      throw new IOException("the migration has %s before %s: %s".formatted(seen, status,
          qmp.execute("query-migrate")));
    }
  }
}
