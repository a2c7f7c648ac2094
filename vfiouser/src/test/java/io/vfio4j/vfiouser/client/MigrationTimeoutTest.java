// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.server.MigrationVersions;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The migration timeout: moves and resets may take longer than other exchanges. */
class MigrationTimeoutTest {

  private static final ClientOptions SHORT_TIMEOUT =
      ClientOptions.DEFAULT.withTimeout(Duration.ofMillis(200));

  /** Long enough for a slow machine. */
  private static final Duration LONG_TIMEOUT = Duration.ofMinutes(5);

  @TempDir
  private Path folder;

  /** A device whose moves and resets exceed the timeout of other exchanges. */
  private static final class SlowDevice extends TestDevice {

    private volatile boolean isSlow;

    SlowDevice() throws LinuxException {
      super(MigrationFeatures.ALL);
    }

    @Override
    public TransitionResult moveTo(DeviceState target) throws TransitionException {
      outlastClientTimeout();
      return super.moveTo(target);
    }

    @Override
    public void reset() {
      outlastClientTimeout();
      super.reset();
    }

    private void outlastClientTimeout() {
      if (isSlow) {
        timeOutSilentServer();
        timeOutSilentServer(); // One thread checks all exchanges, in any order.
      }
    }

    private static void timeOutSilentServer() {
      try {
        UnixSocket.Pair pair = UnixSocket.pair();
        try (UnixSocket _ = pair.one()) {
          assertThatExceptionOfType(DeviceLostException.class)
              .isThrownBy(() -> VfioUserClient.of(pair.other(), "silent", SHORT_TIMEOUT))
              .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ETIMEDOUT));
        }
      } catch (LinuxException e) {
        throw new AssertionError(e);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"V1", "V2"})
  void allowsLongTransitions(MigrationVersions versions) throws Exception {
    SlowDevice device = new SlowDevice();
    try (TestServer served = TestServer.start(folder, device, ServerOptions.DEFAULT.withVersions(versions))) {
      try (VfioUserClient client = served.connect(SHORT_TIMEOUT.withMigrationTimeout(LONG_TIMEOUT))) {
        device.isSlow = true;
        client.moveTo(DeviceState.STOP);
        client.reset();
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
        device.isSlow = false;
      }
    }
  }

  @Test
  void timesOutOtherExchanges() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (RawPeer _ = new RawPeer(pair.one())) {
      assertThatExceptionOfType(DeviceLostException.class)
          .isThrownBy(
              () -> VfioUserClient.of(pair.other(), "silent",
                  SHORT_TIMEOUT.withMigrationTimeout(LONG_TIMEOUT)))
          .withMessageContaining("VERSION was not answered in time");
    }
  }

  @Test
  void rejectsShorterMigrationTimeout() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ClientOptions.DEFAULT.withMigrationTimeout(Duration.ofSeconds(9)));
  }
}
