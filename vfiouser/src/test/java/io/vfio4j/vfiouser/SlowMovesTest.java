// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Reached;
import io.vfio4j.model.TransitionException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A device may take longer to move than a server may take for anything else. */
class SlowMovesTest {

  private static final ClientOptions IMPATIENT = ClientOptions.DEFAULT.withTimeout(Duration.ofMillis(200));

  /** More than enough, also where the machine is slow. */
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir
  private Path folder;

  /** Takes for each move and each reset longer than a client has patience for other exchanges. */
  private static final class SlowDevice extends TestDevice {

    private volatile boolean isSlow;

    SlowDevice() throws LinuxException {
      super(MigrationFeatures.ALL);
    }

    @Override
    public Reached moveTo(DeviceState target) throws TransitionException {
      outlastAClient();
      return super.moveTo(target);
    }

    @Override
    public void reset() {
      outlastAClient();
      super.reset();
    }

    private void outlastAClient() {
      if (isSlow) {
        giveUpAMuteServer();
        giveUpAMuteServer(); // One thread watches all exchanges, this one's after that one's or before.
      }
    }

    private static void giveUpAMuteServer() {
      try {
        UnixSocket.Pair pair = UnixSocket.pair();
        try (UnixSocket _ = pair.one()) {
          assertThatExceptionOfType(DeviceLostException.class)
              .isThrownBy(() -> VfioUserClient.of(pair.other(), "mute", IMPATIENT))
              .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ETIMEDOUT));
        }
      } catch (LinuxException e) {
        throw new AssertionError(e);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"V1", "V2"})
  void aMoveMayTakeLongerThanAnyOtherExchange(MigrationVersions versions) throws Exception {
    SlowDevice device = new SlowDevice();
    try (Served served = Served.in(folder, device, ServerOptions.DEFAULT.withVersions(versions))) {
      try (VfioUserClient client = served.connect(IMPATIENT.withMigrationTimeout(LONG))) {
        device.isSlow = true;
        client.moveTo(DeviceState.STOP);
        client.reset();
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
        device.isSlow = false;
      }
    }
  }

  @Test
  void whatIsNoMoveIsStillGivenUpInTime() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (RawPeer _ = new RawPeer(pair.one())) {
      assertThatExceptionOfType(DeviceLostException.class)
          .isThrownBy(() -> VfioUserClient.of(pair.other(), "mute", IMPATIENT.withMigrationTimeout(LONG)))
          .withMessageContaining("VERSION was not answered in time");
    }
  }

  @Test
  void aMoveIsNotGivenLessTimeThanTheRest() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ClientOptions.DEFAULT.withMigrationTimeout(Duration.ofSeconds(9)));
  }
}
