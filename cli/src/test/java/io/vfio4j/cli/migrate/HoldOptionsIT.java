// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.BufferedReader;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device whose server resets it when it is closed: here, since the client did not ask the server to keep its state. */
class HoldOptionsIT {

  @TempDir
  private Path folder;

  @Test
  void holdsDeviceUntilSignal() throws Exception {
    PipedWriter out = new PipedWriter();
    try (ServedTestDevice served = ServedTestDevice.start(folder.resolve("a.sock"));
        BufferedReader lines = new BufferedReader(new PipedReader(out));
        VfioUserClient client = VfioUserClient.connect(folder.resolve("a.sock"), ClientOptions.DEFAULT)) {
      Output output = new Output(new PrintWriter(out), new PrintWriter(new StringWriter()), true, false);
      OpenDevices devices = OpenDevices.of(OpenDevice.of(client, output::warning));
      FutureTask<Boolean> holding = new FutureTask<>(() -> {
        new HoldOptions().hold(devices, output);
        return true;
      });
      Thread.ofPlatform().name("holding").start(holding);

      var event = JsonParser.parseString(lines.readLine()).getAsJsonObject();
      assertThat(event.get("event").getAsString()).isEqualTo("holding");
      assertThat(event.get("until").getAsString()).isEqualTo("signal");
      assertThat(holding.isDone()).isFalse();
      assertThat(CommandRun.vfio4j("probe", served.address()).err()).contains("is in use");

      Termination.runActions();
      assertThat(holding.get()).isTrue();
    }
  }
}
