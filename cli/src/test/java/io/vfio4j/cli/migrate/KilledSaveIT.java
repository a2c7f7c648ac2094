// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.SelfKillingProcess;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.file.SavedFile;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that saves a state to a file is killed (SIGKILL) at its steps, and after it has written some bytes. Afterwards
 * either the old file exists or the new one, which can be restored; the device runs or can be resumed; and the next save
 * removes stale partial files. With {@code -Dvfio4j.faults=all} at every step, else at random steps.
 */
class KilledSaveIT {

  private static final boolean ALL = "all".equals(System.getProperty("vfio4j.faults"));
  private static final int DRAWS = ALL ? 10 : 1;
  private static final long OLD_MARK = 0x01d;
  private static final long NEW_MARK = 0x4e17;

  private final long seed = Long.getLong("vfio4j.seed", System.nanoTime());
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);

  @TempDir
  private Path folder;

  private int runs;

  /** A device with an earlier state in a file. */
  private final class Case implements AutoCloseable {
    private final Path here = Files.createDirectory(folder.resolve(Integer.toString(runs++)));
    private final Path socket = here.resolve("a.sock");
    private final Path files = Files.createDirectory(here.resolve("files"));
    private final Path file = files.resolve("a.state");
    private final ServedTestDevice device = ServedTestDevice.start(socket);
    private final byte[] old;

    Case() throws Exception {
      device.mark(OLD_MARK);
      SelfKillingSave.save(socket, file, false, _ -> {
      });
      old = Files.readAllBytes(file);
      device.mark(NEW_MARK);
    }

    /** Returns the other files in the folder. */
    List<Path> staleFiles() throws IOException {
      try (Stream<Path> all = Files.list(files)) {
        return all.filter(path -> !path.equals(file)).toList();
      }
    }

    void check(String where) throws Exception {
      assertThat(staleFiles()).as("%s: only hidden partial files", where)
          .allSatisfy(
              path -> assertThat(path.getFileName().toString()).matches("\\.a\\.state\\..{8}\\.part"));
      boolean isNew = !Arrays.equals(Files.readAllBytes(file), old);
      SavedFile.check(file, Codecs.NONE);
      try (ServedTestDevice target = ServedTestDevice.start(here.resolve("b.sock"))) {
        CommandRun restored = CommandRun.vfio4j("restore", file.toString(), target.address());
        assertThat(restored.exitCode()).as("%s: %s", where, restored.err()).isEqualTo(ExitCodes.SUCCESS);
        target.assertRunsWith(isNew ? NEW_MARK : OLD_MARK);
      }
      try (VfioUserClient client = device.awaitConnection()) {
        assertThat(client.state()).as(where).isIn(DeviceState.RUNNING, DeviceState.STOP);
      }
      CommandRun resumed =
          CommandRun.vfio4j("recover", "--resume", device.address(), "--state-dir",
              here.resolve("s").toString());
      assertThat(resumed.exitCode()).as("%s: %s", where, resumed.err()).isEqualTo(ExitCodes.SUCCESS);
      device.assertRunsWith(NEW_MARK);
      CommandRun next =
          CommandRun.vfio4j("save", device.address(), "--output", file.toString(), "--max-downtime", "60s",
              "--max-quiesce", "60s");
      assertThat(next.exitCode()).as("%s: %s", where, next.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(staleFiles()).as("%s: after the next save", where).isEmpty();
    }

    @Override
    public void close() {
      device.close();
    }
  }

  @Test
  void leavesIntactFileWhenKilledAtAnyStep() throws Exception {
    for (boolean stop : ALL ? new boolean[] {false, true} : new boolean[] {random.nextBoolean()}) {
      int steps = steps(stop);
      IntStream drawn = ALL ? IntStream.rangeClosed(1, steps) : random.ints(DRAWS, 1, steps + 1);
      for (int step : drawn.toArray()) {
        try (Case one = new Case()) {
          Process victim =
              SelfKillingProcess.start(SelfKillingSave.class, one.socket.toString(), one.file.toString(),
                  Boolean.toString(stop), Integer.toString(step));
          assertThat(victim.waitFor()).as("SIGKILL").isEqualTo(SelfKillingProcess.KILLED);
          one.check("killed at step %d of %d, stop %s, seed %d".formatted(step, steps, stop, seed));
        }
      }
    }
  }

  /** Returns the number of steps of a successful run. */
  private int steps(boolean stop) throws Exception {
    SelfKillingSave.Steps steps = new SelfKillingSave.Steps();
    try (Case good = new Case()) {
      SelfKillingSave.save(good.socket, good.file, stop, steps);
    }
    assertThat(steps.count()).isGreaterThan(8);
    return steps.count();
  }

  /** The command is killed from outside, at an arbitrary point. */
  @Test
  void leavesIntactFileWhenKilledAtAnyByte() throws Exception {
    for (int draw = 0; draw < DRAWS; draw++) {
      try (Case one = new Case()) {
        long bytes = random.nextLong(one.old.length);
        try (ChildProcess save = CommandProcesses.start("save", one.device.address(), "--output",
            one.file.toString(), "--max-downtime", "60s", "--max-quiesce", "60s")) {
          while (save.isAlive() && written(one) < bytes) {
            Thread.onSpinWait();
          }
          save.kill();
        }
        one.check("killed after %d of %d bytes, seed %d".formatted(bytes, one.old.length, seed));
      }
    }
  }

  private static long written(Case one) throws IOException {
    Optional<Path> part = one.staleFiles().stream().findFirst();
    try {
      return part.isPresent() ? Files.size(part.get()) : 0;
    } catch (NoSuchFileException e) {
      return Long.MAX_VALUE; // The file has been renamed.
    }
  }
}
