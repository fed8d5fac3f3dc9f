// The ES kind: everything by `import`.
import { observability, withSpan } from '@express-micro/observability';
import express from 'express';
import expressMicro from 'express-micro';
import { wander } from './wanderer.cjs';

wander({ express, expressMicro, observability, withSpan });
