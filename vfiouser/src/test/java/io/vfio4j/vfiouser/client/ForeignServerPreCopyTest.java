// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pre-copy info of other servers: some support the command, some the feature, most neither. */
class ForeignServerPreCopyTest extends ForeignServerTestBase {

  private static final int COMMAND = 19;
  private static final int FEATURE = Feature.PRE_COPY_INFO | Feature.GET;

  /** The commands by which the client has requested pre-copy info, in order. */
  private final List<Integer> requests = new CopyOnWriteArrayList<>();

  private VfioUserClient connect(boolean hasCommand, boolean hasFeature, int errno) throws Exception {
    return connect((message, peer) -> {
      boolean byCommand = message.command() == COMMAND;
      if (!byCommand && !isFeature(message, FEATURE)) {
        return null;
      }
      requests.add(message.command());
      if (byCommand) {
        assertThat(message.body()).isEqualTo(MessageBytes.empty().u32(24, 0).u64(0, 0).toBytes());
        return hasCommand ? message.reply(MessageBytes.empty().u32(24, 1).u64(100, 20))
            : message.error(errno);
      }
      return hasFeature
          ? message.reply(MessageBytes.feature(FEATURE, 24).u64(100, 20).u32(1, 0))
          : message.error(errno);
    });
  }

  @ParameterizedTest
  @CsvSource({"true, true, 38, 19", "true, false, 38, 19", "false, true, 38, 16", "false, true, 22, 16",
      "false, true, 25, 16", "false, true, 95, 16"})
  void findsSupportedQueryOnce(boolean hasCommand, boolean hasFeature, int errno, int last)
      throws Exception {
    try (VfioUserClient client = connect(hasCommand, hasFeature, errno)) {
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      for (int i = 0; i < 3; i++) {
        assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(100, 20, true));
      }
      assertThat(requests).isEqualTo(last == COMMAND ? List.of(19, 19, 19) : List.of(19, 16, 16, 16));
      assertThat(client.quirks()).extracting(ServerQuirk::kind)
          .doesNotContain(ServerQuirk.Kind.NO_PRE_COPY_INFO);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {22, 25, 38, 95})
  void asksServerWithoutPreCopyInfoOnce(int errno) throws Exception {
    try (VfioUserClient client = connect(false, false, errno)) {
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      assertThat(saving.preCopyInfo()).isEmpty();
      assertThat(saving.preCopyInfo()).isEmpty();
      assertThat(requests).containsExactly(19, 16);
      assertThat(client.quirks()).extracting(ServerQuirk::kind).contains(ServerQuirk.Kind.NO_PRE_COPY_INFO);
    }
  }

  @Test
  void reportsOtherErrors() throws Exception {
    try (VfioUserClient client = connect(false, false, 5)) {
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      assertThatExceptionOfType(DeviceException.class).isThrownBy(saving::preCopyInfo)
          .isNotInstanceOf(DeviceLostException.class)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MAX_VALUE})
  void failsOnInvalidSizes(long initial) throws Exception {
    try (VfioUserClient client = connect((message, peer) -> message.command() == COMMAND
        ? message.reply(MessageBytes.empty().u32(24, 0).u64(initial, 1))
        : null)) {
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(saving::preCopyInfo);
    }
  }
}
