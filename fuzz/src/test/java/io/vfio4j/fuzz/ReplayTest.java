// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.devices.idio16.Idio16Device;
import io.vfio4j.devices.idio16.Wiring;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.recording.RecordingEvent;
import io.vfio4j.vfiouser.server.InMemoryServer;
import io.vfio4j.vfiouser.server.ServerOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Replays the recordings: the server must send the same replies. */
class ReplayTest {

  private static final Pattern NAME = Pattern.compile("(\\w+)-(\\w+?)(?:-(\\d+)([km]))?-([\\w-]+)\\.rec");
  private static final int DEFAULT_MEMORY = 64 << 10;

  static Stream<String> recordings() throws Exception {
    return FuzzTest.recordings().stream().map(file -> file.getFileName().toString());
  }

  private static long memorySize(Matcher name) {
    if (name.group(3) == null) {
      return DEFAULT_MEMORY;
    }
    return Long.parseLong(name.group(3)) << (name.group(4).equals("k") ? 10 : 20);
  }

  private static EmulatedDevice device(Matcher name, ManualClock clock) throws IOException {
    return switch (name.group(2)) {
      case "scratch" ->
        new ScratchDevice(ScratchConfig.named("replayed").withMemorySize(memorySize(name)), line -> {
        }, clock);
      case "idio16" -> new Idio16Device(DeviceSetup.named("replayed").withClock(clock), Wiring.OPEN);
      default -> throw new AssertionError("unknown device in " + name.group());
    };
  }

  @ParameterizedTest
  @MethodSource("recordings")
  void repliesMatchRecording(String file) throws Exception {
    Matcher name = NAME.matcher(file);
    assertThat(name.matches()).as("name as documented in the README of the recordings").isTrue();
    Path path = FuzzTest.folder("recordings").resolve(file);
    ManualClock clock = new ManualClock();
    try (EmulatedDevice device = device(name, clock);
        InMemoryServer server = new InMemoryServer(device, ServerOptions.DEFAULT, line -> {
        }, clock)) {
      for (RecordedConnection connection : RecordedConnection.read(path)) {
        replay(server, connection, clock);
      }
    }
  }

  private static void replay(InMemoryServer server, RecordedConnection connection, ManualClock clock) {
    try (ReplayClient client = new ReplayClient(connection, clock)) {
      server.serve(client);
      List<String> expected = new ArrayList<>();
      for (RecordingEvent.Message message : connection.fromServer()) {
        expected.add(DeterministicText.of(message.bytes()));
      }
      List<String> actual = new ArrayList<>();
      for (byte[] message : client.received()) {
        actual.add(DeterministicText.of(MemorySegment.ofArray(message)));
      }
      assertThat(actual).isNotEmpty().isEqualTo(expected);
    }
  }
}
