// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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

/** Streams that are not what a source sends: every one is refused, and nothing of it ever runs. */
class DamagedStreamTest {

  private static byte[] good = new byte[0];

  @BeforeAll
  static void recordAGoodStream() {
    RecordingTransport[] recorder = new RecordingTransport[1];
    Trial trial = small();
    trial.sourceTransport = inner -> recorder[0] = new RecordingTransport(inner, -1, b -> b);
    trial.run().success();
    good = recorder[0].sent();
  }

  private static Trial small() {
    Trial trial = new Trial();
    trial.sourceSettings = trial.sourceSettings.withContent(4, Trial.SEED);
    trial.targetSettings = trial.targetSettings.withContent(4, 0);
    return trial;
  }

  /** Lets a target receive these bytes and nothing more. */
  private static MigrationException refused(byte[] stream) {
    SimulatedDevice target = SimulatedSettings.named("target").withContent(4, 0).device();
    MigrationTarget run =
        new MigrationTarget(Ensemble.of(target), Connections.only(new ReplayTransport(stream)), Trial.PATIENT,
            MigrationListener.NONE);
    MigrationException e = catchThrowableOfType(MigrationException.class, run::run);
    assertThat(e).as("refusal").isNotNull();
    assertThat(target.machineState()).isEqualTo(DeviceState.RUNNING);
    assertThat(target.stateIdentity()).isZero();
    assertThat(target.openSessions()).isZero();
    return e;
  }

  @Test
  void goodStreamIsAccepted() throws Exception {
    SimulatedDevice target = SimulatedSettings.named("target").withContent(4, 0).device();
    new MigrationTarget(Ensemble.of(target), Connections.only(new ReplayTransport(good)), Trial.PATIENT,
        MigrationListener.NONE).run();
    assertThat(target.stateIdentity()).isNotZero();
  }

  @Test
  void streamCutAtAnyByteIsRefused() {
    for (int length = 0; length < good.length; length++) {
      assertThat(refused(Arrays.copyOf(good, length))).hasMessageContaining("closed the connection");
    }
  }

  @Test
  void everyChangedByteIsFound() {
    Seeds.forEach(1, random -> {
      for (int at = 0; at < good.length; at++) {
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 + random.nextInt(255));
        refused(bad);
      }
    });
  }

  @Test
  void shuffledPiecesAreRefused() {
    Seeds.forEach(300, random -> {
      int from = random.nextInt(good.length - 1);
      int to = from + 1 + random.nextInt(good.length - from - 1);
      byte[] without = new byte[good.length - (to - from)];
      System.arraycopy(good, 0, without, 0, from);
      System.arraycopy(good, to, without, from, good.length - to);
      refused(without);
    });
  }

  @Test
  void noiseIsRefused() {
    Seeds.forEach(300, random -> {
      byte[] noise = new byte[random.nextInt(500)];
      random.nextBytes(noise);
      assertThat(refused(noise).outcome()).isEqualTo(Outcome.UNTOUCHED);
      byte[] noiseAfterTheHello = Arrays.copyOf(good, good.length);
      int from = 300 + random.nextInt(good.length - 350);
      random.nextBytes(noise);
      System.arraycopy(noise, 0, noiseAfterTheHello, from, Math.min(noise.length, good.length - from));
      if (!Arrays.equals(noiseAfterTheHello, good)) {
        refused(noiseAfterTheHello);
      }
    });
  }

  @Test
  void foreignProtocolIsNamed() {
    byte[] http = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    assertThat(refused(http)).hasMessageContaining("not a vfio4j migration stream");
  }

  @Test
  void sourceRunsAgainWhenItsStreamIsDamaged() {
    Seeds.forEach(150, random -> {
      int at = random.nextInt(good.length);
      Trial trial = small();
      int flip = 1 << random.nextInt(8);
      // Lengths are left alone: with a wrong one the target waits for bytes that never come.
      boolean isLength = isLengthField(at);
      RecordingTransport[] recorder = new RecordingTransport[1];
      trial.sourceTransport =
          inner -> recorder[0] = new RecordingTransport(inner, isLength ? 0 : at, b -> b ^ flip);
      trial.run();
      if (recorder[0].sent().length <= at) { // Streams differ: by the rounds that the acknowledgement takes.
        return;
      }
      MigrationException e = trial.failure();
      assertThat(e.outcome()).isIn(Outcome.SOURCE_RUNNING, Outcome.UNTOUCHED);
      assertThat(trial.targetRunsTheState()).isFalse();
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
