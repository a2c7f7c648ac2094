// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A command whose argsz is too small is refused, and has no effect. */
class ArgszTest {

  private static final long PAGE = 4096;
  private static final long IOVA = 0x10_0000;

  @TempDir
  private Path folder;

  /** The command, the state of the device, the smallest valid argsz, and the rest of the body. */
  static Stream<Arguments> commands() {
    DeviceState running = DeviceState.RUNNING;
    int probe = Feature.MIG_DEVICE_STATE | Feature.SET | Feature.PROBE;
    return Stream.of(
        arguments(Command.DMA_MAP, running, 32, MessageBytes.empty().u32(3).u64(0, IOVA + PAGE, PAGE)),
        arguments(Command.DMA_UNMAP, running, 24, MessageBytes.empty().u32(0).u64(IOVA, PAGE)),
        arguments(Command.DMA_UNMAP, running, 48, MessageBytes.empty().u32(1).u64(IOVA, PAGE, PAGE, 8)),
        arguments(Command.DEVICE_GET_INFO, running, 16, MessageBytes.empty().u32(0, 0, 0)),
        arguments(Command.DEVICE_GET_REGION_INFO, running, 32, MessageBytes.empty().u32(0, 0, 0).u64(0, 0)),
        arguments(Command.DEVICE_GET_REGION_IO_FDS, running, 16, MessageBytes.empty().u32(0, 0, 0)),
        arguments(Command.DEVICE_GET_IRQ_INFO, running, 16, MessageBytes.empty().u32(0, 2, 0)),
        arguments(Command.DEVICE_SET_IRQS, running, 20, MessageBytes.empty().u32(0x21, 2, 0, 1)),
        arguments(Command.DEVICE_SET_IRQS, running, 24, MessageBytes.empty().u32(0x22, 2, 0, 4).u32(0)),
        arguments(Command.DEVICE_FEATURE, running, 16, get(Feature.MIGRATION)),
        arguments(Command.DEVICE_FEATURE, running, 16, get(Feature.MIG_DEVICE_STATE)),
        arguments(Command.DEVICE_FEATURE, running, 16, get(Feature.MIG_DATA_SIZE)),
        arguments(Command.DEVICE_FEATURE, DeviceState.PRE_COPY, 32, get(Feature.PRE_COPY_INFO)),
        arguments(Command.DEVICE_FEATURE, running, 40,
            get(Feature.DMA_LOGGING_REPORT).u64(IOVA, PAGE, PAGE)),
        arguments(Command.DEVICE_FEATURE, running, 16,
            MessageBytes.empty().u32(Feature.MIG_DEVICE_STATE | Feature.SET, DeviceState.STOP.wireValue(),
                -1)),
        arguments(Command.DEVICE_FEATURE, running, 16,
            MessageBytes.empty().u32(Feature.DMA_LOGGING_STOP | Feature.SET).u64(0)),
        arguments(Command.DEVICE_FEATURE, running, 16, MessageBytes.empty().u32(probe).u64(0)),
        arguments(Command.DEVICE_FEATURE, running, 8, MessageBytes.empty().u32(probe)),
        arguments(Command.MIG_DATA_READ, DeviceState.STOP_COPY, 72, MessageBytes.empty().u32(64)),
        arguments(Command.MIG_DATA_WRITE, DeviceState.RESUMING, 16, MessageBytes.empty().u32(8).u64(1)),
        arguments(Command.MIG_GET_PRECOPY_INFO, DeviceState.PRE_COPY, 24,
            MessageBytes.empty().u32(0).u64(0, 0)));
  }

  private static MessageBytes get(int feature) {
    return MessageBytes.empty().u32(feature | Feature.GET);
  }

  @ParameterizedTest(name = "{0} {2}")
  @MethodSource("commands")
  void refusesTooSmallArgsz(Command command, DeviceState state, int least, MessageBytes rest)
      throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, PAGE));
      peer.succeed(Command.DEVICE_FEATURE,
          MessageBytes.feature(Feature.DMA_LOGGING_START | Feature.SET, 16).u64(PAGE).u32(0, 0));
      peer.succeed(Command.DEVICE_FEATURE,
          MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(state.wireValue(), -1));
      int argsz = least - 1;
      peer.assertRefused(Errno.EINVAL, command, MessageBytes.empty().u32(argsz).bytes(rest.toBytes()));
      peer.assertRefused(Errno.EINVAL, command, MessageBytes.empty().u32(1).bytes(rest.toBytes()));
      assertThat(served.device().state()).as("no effect").isEqualTo(state);
      peer.succeed(command, MessageBytes.empty().u32(least).bytes(rest.toBytes()));
    }
  }

  /** The data of DMA_LOGGING_START are its ranges. */
  static Stream<Arguments> starts() {
    return Stream.of(arguments(24, MessageBytes.empty().u64(PAGE).u32(0, 0)),
        arguments(40, MessageBytes.empty().u64(PAGE).u32(1, 0).u64(IOVA, PAGE)));
  }

  @ParameterizedTest
  @MethodSource("starts")
  void refusesTooSmallArgszOfLoggingStart(int least, MessageBytes data) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      MessageBytes fields =
          MessageBytes.empty().u32(Feature.DMA_LOGGING_START | Feature.SET).bytes(data.toBytes());
      peer.assertRefused(Errno.EINVAL, Command.DEVICE_FEATURE,
          MessageBytes.empty().u32(least - 1).bytes(fields.toBytes()));
      peer.succeed(Command.DEVICE_FEATURE, MessageBytes.empty().u32(least).bytes(fields.toBytes()));
    }
  }
}
