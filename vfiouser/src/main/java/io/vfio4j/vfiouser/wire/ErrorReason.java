// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.SanitizedText;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The reason of a refused request: the body of a reply with the error flag. UTF-8 without a NUL, at most
 * {@link #MAX_SIZE} bytes; only if {@link Extension#REASONS} was granted.
 *
 * <p>
 * The way of a reason, for the example of a transition that the device refuses:
 * <ol>
 * <li>Made: an {@code ErrnoException(errno, reason)} of the model, thrown by a handler in {@code server} or
 * by the device. A device that fails a transition throws a {@code TransitionException}, whose reason
 * {@code MigrationData.toErrnoException} takes over.
 * <li>Logged by the server: {@code CommandTable.execute} catches it and calls {@code ClientLog.refused},
 * which adds the client and the request ({@code RequestSummary}); {@code LogLimiter} bounds the lines.
 * <li>Sent: {@code CommandTable.execute} calls {@link Reply#sendError}, which writes the errno to the header
 * and the reason to the body ({@link #write}).
 * <li>Received: {@code ClientChannel.exchange} reads it ({@link #read}) and throws a
 * {@code RemoteErrorException}; {@code ClientCalls.call} makes that a {@code DeviceException}, and
 * {@code ClientMigration.moveTo}, which also asks for the state reached, a {@code TransitionException}.
 * <li>Printed: the engine's {@code MigratingDevice} records it in an event; {@code SourceRecovery} or
 * {@code TargetRecovery} put it in the message of a {@code MigrationException}; the command line's
 * {@code MigrationFailureReport} makes that the error of the command, {@code ErrorMessages} its text, and
 * {@code ExecutionExceptionHandler} prints it.
 * </ol>
 */
public final class ErrorReason {

  static final int MAX_SIZE = 1024;

  private ErrorReason() {
  }

  /** Writes a reason, truncated if it is too long, and returns its size in bytes. */
  static int write(String reason, MemorySegment into, long at) {
    byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
    int size = Math.min(bytes.length, MAX_SIZE);
    MemorySegment.copy(bytes, 0, into, ValueLayout.JAVA_BYTE, at, size);
    return size;
  }

  /**
   * Reads the reason of the current reply, or returns null if there is none. Bytes beyond the limit stay
   * unread.
   */
  public static @Nullable String read(MessageReader reader) throws LinuxException, ProtocolException {
    int size = (int) Math.min(reader.remaining(), MAX_SIZE);
    if (size == 0) {
      return null;
    }
    int at = reader.readInPlace(size);
    byte[] bytes = reader.buffer().segment().asSlice(at, size).toArray(ValueLayout.JAVA_BYTE);
    // Replaces an incomplete character at the end, and control characters.
    return SanitizedText.of(new String(bytes, StandardCharsets.UTF_8));
  }
}
