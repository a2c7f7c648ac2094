// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.engine.transport.TlsKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command runs in a separate process, since it loads a module that is not on the module path. */
class KeysIT {

  @TempDir
  private Path folder;

  private ChildProcess keys(String... more) throws IOException {
    return CommandProcesses.start(Stream.concat(Stream.of("keys", "--out", folder.resolve("set").toString()),
        Stream.of(more)).toArray(String[]::new));
  }

  @Test
  void createsFolderPerHost() throws Exception {
    try (ChildProcess keys = keys("host-a,192.0.2.1", "host-b", "--days", "7", "--json")) {
      JsonObject event = CommandProcesses.await(keys, CommandProcesses.event("keys"));
      assertThat(keys.await(CommandProcesses.TIMEOUT)).as(keys.stderrLines().toString())
          .isEqualTo(ExitCodes.SUCCESS);
      assertThat(event.getAsJsonArray("folders")).extracting("asString")
          .containsExactly(folder.resolve("set/host-a").toString(), folder.resolve("set/host-b").toString());
    }
    for (String host : new String[] {"host-a", "host-b"}) {
      Path of = folder.resolve("set").resolve(host);
      assertThat(TlsKeys.load(TlsKeys.Files.in(of))).isNotNull();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(of.resolve("key.pem"))))
          .isEqualTo("rw-------");
    }
    try (Stream<Path> all = Files.list(folder)) {
      assertThat(all).containsExactly(folder.resolve("set"));
    }
  }

  @Test
  void rejectsInvalidArguments() throws Exception {
    Files.createDirectory(folder.resolve("set"));
    try (ChildProcess keys = keys("host-a")) {
      assertThat(keys.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      assertThat(keys.stderrLines()).containsExactly("vfio4j: " + folder.resolve("set")
          + " exists already; remove it or choose another folder");
    }
    try (ChildProcess keys = keys("host_a")) {
      assertThat(keys.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.USAGE);
      assertThat(keys.stderrLines().getFirst())
          .isEqualTo("vfio4j keys: 'host_a' is neither a host name nor an IP address");
    }
  }
}
