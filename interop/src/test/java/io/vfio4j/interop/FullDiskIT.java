// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code vfio4j save} to a full disk: a tmpfs in the command's own mount namespace. */
class FullDiskIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(90);
  private static final long MARK = 0x0123_4567_89ab_cdefL;
  private static final int MEMORY = 4 << 20;

  /** Runs its arguments and checks that the old file is the only one, unchanged. */
  private static final String SCRIPT = """
      mount -t tmpfs -o size=3m none "$0" || exit 90
      cp "$0.old" "$0/a.state" || exit 91
      "$@"
      code=$?
      cmp "$0.old" "$0/a.state" || exit 92
      [ "$(ls -A "$0")" = a.state ] || exit 93
      exit $code
      """;

  @TempDir
  private Path folder;

  @BeforeAll
  static void requireNamespaces() {
    TestPrerequisites.requireRootAnd("mounting a small disk in a mount namespace", "unshare", "mount");
  }

  /** Without pre-copy, with it, and without resuming the devices: each time the disk fills up in another phase. */
  @ParameterizedTest
  @ValueSource(strings = {"--no-pre-copy", "--max-downtime=60s", "--stop"})
  void keepsOldFileAndDeviceRunning(String option) throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    Files.writeString(folder.resolve("disk.old"), "the old one");
    try (ChildServer server = ChildServer.start(List.of("serve", "scratch", "--memory",
        Integer.toString(MEMORY), "--socket", folder.resolve("a.sock").toString()))) {
      try (VfioUserClient client = connect(server)) {
        client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, MARK);
      }
      List<String> by = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c", SCRIPT, disk.toString()));
      try (
          ChildProcess save = ChildProcess.startWithPrefix(by, List.of("save", "vfio-user:" + server.socket(),
              "--output", disk.resolve("a.state").toString(), option))) {
        assertThat(save.await(TIMEOUT)).as("%s", save.stderrLines()).isEqualTo(1);
        assertThat(save.stderrLines()).anyMatch(line -> line.contains("No space left on device"));
      }
      try (VfioUserClient client = connect(server)) {
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(MARK);
      }
    }
  }

  private static VfioUserClient connect(ChildServer server) throws Exception {
    return VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT.withKeepState(true));
  }
}
