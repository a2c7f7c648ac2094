@NullMarked
package io.vfio4j.engine.transport;

import org.jspecify.annotations.NullMarked;
