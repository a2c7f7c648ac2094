// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.vfiouser.recording.RecordingEvent;
import io.vfio4j.vfiouser.recording.RecordingEventReader;
import io.vfio4j.vfiouser.recording.RecordingException;
import io.vfio4j.vfiouser.recording.RecordingReader;
import java.io.IOException;

/** The format of recordings of vfio-user connections. */
final class RecordingFormat implements FileFormat {

  /** Bytes of a message that are kept, enough for the longest text of the protocol. */
  private static final int MAX_KEPT_BYTES = 8192;

  @Override
  public String name() {
    return "recordings";
  }

  @Override
  public boolean recognises(byte[] beginning) {
    return RecordingReader.isRecording(beginning);
  }

  @Override
  public boolean isRestorable() {
    return false;
  }

  @Override
  public int show(Inspection inspection) throws IOException {
    Output output = inspection.output();
    long messages = 0;
    try (RecordingReader reader = new RecordingReader(inspection.bytes())) {
      RecordingEventReader events = new RecordingEventReader(reader, MAX_KEPT_BYTES);
      for (RecordingEvent event = events.next(); event != null; event = events.next()) {
        messages += event instanceof RecordingEvent.Message ? 1 : 0;
        if (output.isJson()) {
          output.event(RecordingJson.of(event));
        } else {
          output.line(RecordingText.of(event));
        }
      }
      return ExitCodes.SUCCESS;
    } catch (RecordingException e) {
      throw new CommandException(ExitCodes.FAILURE,
          "the recording cannot be read from byte %d on: %s (%d messages before that)"
              .formatted(e.offset(), e.getMessage(), messages),
          e);
    }
  }
}
