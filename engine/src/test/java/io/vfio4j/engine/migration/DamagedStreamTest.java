// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.RecordingTransport;
import io.vfio4j.engine.transport.ReplayTransport;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Streams that a source never sends: each is refused, and no device runs with them. */
class DamagedStreamTest {

  private static byte[] good = new byte[0];

  @BeforeAll
  static void recordValidStream() {
    RecordingTransport[] recorder = new RecordingTransport[1];
    MigrationTrial trial = small();
    trial.sourceTransport = inner -> recorder[0] = new RecordingTransport(inner, -1, b -> b);
    trial.run().success();
    good = recorder[0].sent();
  }

  private static MigrationTrial small() {
    MigrationTrial trial = new MigrationTrial();
    trial.sourceSettings = trial.sourceSettings.withContent(4, MigrationTrial.SEED);
    trial.targetSettings = trial.targetSettings.withContent(4, 0);
    return trial;
  }

  /** Lets a target receive these bytes and nothing more. */
  private static MigrationException assertRejected(byte[] stream) {
    SimulatedDevice target = SimulatedSettings.named("target").withContent(4, 0).device();
    MigrationTarget run =
        new MigrationTarget(DeviceSet.of(target), Connections.single(new ReplayTransport(stream)),
            MigrationTrial.PATIENT,
            MigrationListener.NONE);
    MigrationException e = catchThrowableOfType(MigrationException.class, run::run);
    assertThat(e).as("refusal").isNotNull();
    assertThat(target.machineState()).isEqualTo(DeviceState.RUNNING);
    assertThat(target.stateFingerprint()).isZero();
    assertThat(target.openSessions()).isZero();
    return e;
  }

  @Test
  void acceptsValidStream() throws Exception {
    SimulatedDevice target = SimulatedSettings.named("target").withContent(4, 0).device();
    new MigrationTarget(DeviceSet.of(target), Connections.single(new ReplayTransport(good)),
        MigrationTrial.PATIENT,
        MigrationListener.NONE).run();
    assertThat(target.stateFingerprint()).isNotZero();
  }

  @Test
  void rejectsStreamTruncatedAtAnyByte() {
    for (int length = 0; length < good.length; length++) {
      assertThat(assertRejected(Arrays.copyOf(good, length))).hasMessageContaining("closed the connection");
    }
  }

  @Test
  void detectsEveryChangedByte() {
    Seeds.forEach(1, random -> {
      for (int at = 0; at < good.length; at++) {
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 + random.nextInt(255));
        assertRejected(bad);
      }
    });
  }

  @Test
  void rejectsStreamWithMissingBytes() {
    Seeds.forEach(300, random -> {
      int from = random.nextInt(good.length - 1);
      int to = from + 1 + random.nextInt(good.length - from - 1);
      byte[] without = new byte[good.length - (to - from)];
      System.arraycopy(good, 0, without, 0, from);
      System.arraycopy(good, to, without, from, good.length - to);
      assertRejected(without);
    });
  }

  @Test
  void rejectsRandomBytes() {
    Seeds.forEach(300, random -> {
      byte[] noise = new byte[random.nextInt(500)];
      random.nextBytes(noise);
      assertThat(assertRejected(noise).outcome()).isEqualTo(Outcome.UNTOUCHED);
      byte[] noiseAfterTheHello = Arrays.copyOf(good, good.length);
      int from = 300 + random.nextInt(good.length - 350);
      random.nextBytes(noise);
      System.arraycopy(noise, 0, noiseAfterTheHello, from, Math.min(noise.length, good.length - from));
      if (!Arrays.equals(noiseAfterTheHello, good)) {
        assertRejected(noiseAfterTheHello);
      }
    });
  }

  @Test
  void reportsForeignProtocol() {
    byte[] http = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    assertThat(assertRejected(http)).hasMessageContaining("not a vfio4j migration stream");
  }

  @Test
  void resumesSourceWhenStreamIsDamaged() {
    Seeds.forEach(150, random -> {
      int at = random.nextInt(good.length);
      MigrationTrial trial = small();
      int flip = 1 << random.nextInt(8);
      // Lengths are not damaged: with a wrong one the target waits for bytes that never arrive.
      boolean isLength = isLengthField(at);
      RecordingTransport[] recorder = new RecordingTransport[1];
      trial.sourceTransport =
          inner -> recorder[0] = new RecordingTransport(inner, isLength ? 0 : at, b -> b ^ flip);
      trial.run();
      if (recorder[0].sent().length <= at) { // Streams differ in the number of rounds before the acknowledgement.
        return;
      }
      MigrationException e = trial.failure();
      assertThat(e.outcome()).isIn(Outcome.SOURCE_RUNNING, Outcome.UNTOUCHED);
      assertThat(trial.targetRunsWithState()).isFalse();
    });
  }

  private static boolean isLengthField(int at) {
    int frame = Preamble.BYTES;
    while (frame < at) {
      int header = frame;
      if (at >= header + 4 && at < header + 8) {
        return true;
      }
      frame = header + FrameHeader.BYTES + ByteBuffer.wrap(good)
          .order(ByteOrder.LITTLE_ENDIAN).getInt(header + 4);
    }
    return false;
  }
}
