import type { PageOf } from './page-of.ts';

export interface SuccessResponse<Data> {
  readonly status: 'success';
  readonly message: string;
  readonly data: Data;
}

export interface ErrorResponse {
  readonly status: 'error';
  readonly message: string;
  readonly code?: string;
  readonly requestId?: string;
  readonly errors?: readonly unknown[];
  readonly data?: unknown;
}

export interface Pagination {
  readonly page: number;
  readonly limit: number;
  readonly total: number;
  readonly pages: number;
}

export interface PageResponse<Item> extends SuccessResponse<readonly Item[]> {
  readonly pagination: Pagination;
}

export interface ErrorResponseOptions {
  readonly code?: string;
  readonly requestId?: string;
  readonly errors?: readonly unknown[];
  readonly data?: unknown;
}

/** The bodies of answers, as plain values: `res.json(ApiResponse.success(user))`. Statuses are for whoever sends them to say. */
export const ApiResponse: {
  success<Data>(data: Data, message?: string): SuccessResponse<Data>;
  /** What `errorHandler()` answers; to throw an `AppError` is the shorter way to it. */
  error(message: string, options?: ErrorResponseOptions): ErrorResponse;
  /** `total` is of all pages together, and `pages` says how many those are: none where there is nothing. */
  paginated<Item>(
    items: readonly Item[],
    place: Pick<PageOf, 'page' | 'limit'> & { readonly total: number },
    message?: string,
  ): PageResponse<Item>;
} = Object.freeze({
  success: (data, message = 'Success') => ({ status: 'success', message, data }),
  error: (message, { code, requestId, errors, data } = {}) => ({
    status: 'error',
    message,
    ...(code === undefined ? {} : { code }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(errors === undefined ? {} : { errors }),
    ...(data === undefined ? {} : { data }),
  }),
  paginated: (items, { page, limit, total }, message = 'Success') => ({
    status: 'success',
    message,
    data: items,
    pagination: { page, limit, total, pages: limit > 0 ? Math.ceil(total / limit) : 0 },
  }),
});
